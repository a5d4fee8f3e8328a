// Reads one JSON text or number a line, and says what the API server makes of it as a quantity: "error", or "ok" with the exact
// amount in whole units and in thousandths, rounded away from zero, and whether there is a fraction of a unit.
package main

import (
	"bufio"
	"fmt"
	"math/big"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
)

// rounded divides away from zero.
func rounded(nanos *big.Int, unit int64) (*big.Int, bool) {
	quotient, rest := new(big.Int).QuoRem(nanos, big.NewInt(unit), new(big.Int))
	if rest.Sign() == 0 {
		return quotient, true
	}
	return quotient.Add(quotient, big.NewInt(int64(nanos.Sign()))), false
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		var quantity resource.Quantity
		if err := quantity.UnmarshalJSON(in.Bytes()); err != nil {
			fmt.Fprintln(out, "error")
			continue
		}
		dec := quantity.AsDec()
		nanos := new(big.Int).Set(dec.UnscaledBig())
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(9-int64(dec.Scale())), nil)
		if dec.Sign() != 0 && int64(dec.Scale()) > 9 {
			fmt.Fprintf(out, "finer than a nano-unit: %s\n", in.Text())
			continue
		}
		nanos.Mul(nanos, power)
		units, whole := rounded(nanos, 1_000_000_000)
		milli, _ := rounded(nanos, 1_000_000)
		// Value and MilliValue are only right for what fits and is not negative; there they must agree.
		if nanos.Sign() >= 0 && milli.IsInt64() && (quantity.Value() != units.Int64() || quantity.MilliValue() != milli.Int64()) {
			fmt.Fprintf(out, "Value %d and MilliValue %d of %s\n", quantity.Value(), quantity.MilliValue(), in.Text())
			continue
		}
		fmt.Fprintf(out, "ok %s %s %t\n", units, milli, !whole)
	}
}
