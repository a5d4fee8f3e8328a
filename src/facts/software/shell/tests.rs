use proptest::prelude::*;

use super::super::files::Baked;
use super::super::text::Piece;
use super::super::volumes::Volumes;
use super::*;
use crate::value::Value;

/// What a script would do: the arguments of the servers it starts, and why it was lost.
fn follow(script: &str, variables: &[(&str, &str)]) -> (Vec<Vec<String>>, Option<String>, Written) {
    let volumes = Volumes::default();
    let view = View::new(&Value::Null, &volumes, Baked::NoConfig, &[], None);
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), Text::known(*v, None))).collect();
    let mut machine = Machine::new(&view, Written::new(), &variables, None, true, None);
    let words = ["sh", "-c", script, "sh", "first", "second"];
    machine.start(words.iter().map(|w| Item::One(Text::known(*w, None))).collect());
    let args = |i: &Invocation| i.args.iter().map(shown).collect();
    (machine.invocations.iter().map(args).collect(), machine.lost, machine.state.files)
}

fn shown(item: &Item<Text>) -> String {
    match item {
        Item::One(text) => {
            text.0.iter().map(|p| if let Piece::Known { text, .. } = p { text.to_string() } else { "?".to_owned() }).collect()
        }
        Item::Either(a, b) => {
            let side = |items: &[Item<Text>]| items.iter().map(shown).collect::<Vec<_>>().join(" ");
            format!("<{}|{}>", side(a), side(b))
        }
    }
}

#[test]
fn words_expand_as_in_a_shell() {
    for (script, args) in [
        ("redis-server a 'b c' \"d\"e", vec!["a", "b c", "de"]),
        ("A=(x 'y z'); A+=(w); redis-server \"${A[@]}\"", vec!["x", "y z", "w"]),
        ("A=(x y); redis-server pre\"${A[@]}\"post", vec!["prex", "ypost"]),
        ("A=(); redis-server \"${A[@]}\" b", vec!["b"]),
        ("redis-server \"$@\"", vec!["first", "second"]),
        ("redis-server $2 ${1} $#x", vec!["second", "first", "?x"]),
        ("X='a b'; redis-server $X \"$X\"", vec!["a", "b", "a b"]),
        ("redis-server \"\" $NONE \"$NONE\"", vec!["", ""]),
        ("redis-server ${X:-d} ${X-e} ${X:+f} ${Y:=g} $Y", vec!["d", "e", "g", "g"]),
        ("X=1; redis-server ${X:-d} ${X:+f}", vec!["1", "f"]),
        ("redis-server $(echo a b) \"$(printf '%s-%s' c d)\"", vec!["a", "b", "c-d"]),
        ("redis-server $(hostname) $((1+2))", vec!["?", "?"]),
        ("redis-server a\\\n b # c", vec!["a", "b"]),
        ("redis-server a#b", vec!["a#b"]),
        ("read -r -a F <<< \"a b\"; redis-server \"${F[@]}\"", vec!["a", "b"]),
        ("set -- x y; shift; redis-server \"$@\"", vec!["y"]),
        ("eval redis-server a", vec!["a"]),
        ("X=a env Y=b timeout -s 9 5 redis-server c", vec!["c"]),
        ("if [ -n \"$V\" ] && ! [ \"$V\" = no ]; then redis-server set; else redis-server unset; fi", vec!["set"]),
        ("case $V in n*) redis-server n;; y*|z) redis-server y;; esac", vec!["y"]),
        ("for i in 1 2; do L=\"$L$i\"; done; redis-server $L", vec!["12"]),
        ("f() { local x=\"$1\"; [ \"$x\" = a ] && return 1; redis-server \"$x\"; }; f a; f b", vec!["b"]),
        ("while ! redis-cli ping; do sleep 1; done; exec redis-server a", vec!["a"]),
        ("A=(a); if redis-cli x; then A+=(b); fi; redis-server \"${A[@]}\"", vec!["a", "<|b>"]),
        ("redis-server --version; redis-server a", vec!["a"]),
        ("V=$(redis-server --version | head -1); redis-server \"$V\"", vec!["?"]),
    ] {
        let (found, lost, _) = follow(script, &[("V", "yes")]);
        let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        assert_eq!((found, lost), (vec![args], None), "{script}");
    }
}

#[test]
fn files_hold_what_is_written() {
    for (script, content) in [
        ("echo a > /f; echo b >> /f", "a\nb\n"),
        ("cat > /f <<EOF\nx $V\n\\$V\nEOF\n", "x yes\n$V\n"),
        ("cat <<'EOF' > /f\nx $V\nEOF\n", "x $V\n"),
        ("cat <<-EOF > /f\n\tx\n\tEOF\n", "x\n"),
        ("{ echo a; echo b; } > /f", "a\nb\n"),
        ("echo -n a | tee /f", "a"),
        ("printf 'a %s\\n' b c > /f", "a b\na c\n"),
        ("echo a > /g; cp /g /f; rm /g; cat /g >> /f", "a\n"),
        ("echo a > /g; mv /g /f", "a\n"),
        ("echo 'x ${V} $V' | envsubst > /f", "x yes yes\n"),
        ("f() { echo in; }; f > /f", "in\n"),
        ("(echo a; exit 1) > /f", "a\n"),
        ("echo a > /f; if redis-cli x; then exit 1; fi; echo b >> /f", "a\nb\n"),
        ("echo a >&2 > /f", "a\n"),
    ] {
        let (_, lost, files) = follow(script, &[("V", "yes")]);
        let found = files.iter().find(|(k, _)| k.as_str() == "image /f").map(|(_, c)| c.items.iter().map(shown).collect::<String>());
        assert_eq!((found.as_deref(), lost), (Some(content), None), "{script}");
    }
}

#[test]
fn hostile_scripts_end() {
    let deep = |open: &str, close: &str| format!("{}:{}", open.repeat(5000), close.repeat(5000));
    for script in [
        deep("( ", " )"),
        deep("$(", ")"),
        deep("if :; then ", "; fi"),
        deep("${a:-", "}"),
        deep("{ ", "; }"),
        deep("! ", ""),
        deep("f() ", ""),
        deep("time ", ""),
        "f() { f; f; }; f".to_owned(),
        "x=a; for i in 1 2 3 4 5 6 7 8 9 0; do for j in 1 2 3 4 5 6 7 8 9 0; do x=\"$x$x\"; done; done".to_owned(),
        "echo a > /f; for i in 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0; do cat /f /f > /g; cat /g /g > /f; done"
            .to_owned(),
        format!("{} redis-server a", "if redis-cli x; then A=1; else B=2; fi; ".repeat(3000)),
        format!("{} redis-server a", "if redis-cli x; then echo a >> /f; fi; ".repeat(500)),
        format!("if redis-cli x; then :; {} fi", "elif redis-cli y; then :; ".repeat(5000)),
        format!("case $(hostname) in {} esac", "a) : ;; ".repeat(5000)),
        format!("a {}", "&& b ".repeat(5000)),
        "while true; do :; done".to_owned(),
        "cat <<EOF".to_owned(),
        "echo 'open".to_owned(),
        "case x in".to_owned(),
        "exec bash -c \"exec bash -c \\\"$0\\\"\"".to_owned(),
        "eval \"$X\"; X='eval \"$X\"'; eval \"$X\"".to_owned(),
    ] {
        let _ = follow(&script, &[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_ends(script in "\\PC{0,120}") {
        let _ = follow(&script, &[]);
    }

    #[test]
    fn any_mix_of_shell_words_ends(words in proptest::collection::vec(
        prop::sample::select(vec!["if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "{", "}", "(", ")", "((", "))",
            "[[", "]]", "[", "]", "!", "&&", "||", "|", ";", ";;", "&", "\n", "<<EOF", "<<-'E'", "EOF", ">", ">>", "<", "<<<", "2>&1", "$x", "${x:-", "${x[@]}",
            "$(", "`", "\"", "'", "\\", "#", "x=1", "x=(", "x+=(", "f()", "function", "echo", "cat", "exec", "redis-server", "/f", "*", "local", "return", "break"]),
        0..60), glue in prop::sample::select(vec![" ", "", "\n"])) {
        let _ = follow(&words.join(glue), &[]);
    }
}
