//! Bytes to values, as kubectl reads them, and paths back to lines and columns. The only room that knows where text is.
