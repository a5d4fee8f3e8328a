//! Did you mean?

/// The candidate most like what was written, if one is like it at all.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let scored = candidates.iter().map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), *candidate));
    let (distance, best) = scored.min()?;
    if distance <= (written.chars().count() / 3).max(2) {
        return Some(best);
    }
    // A part of the name is how people remember it.
    candidates.into_iter().find(|candidate| lower.len() >= 4 && candidate.to_lowercase().contains(&lower))
}

/// `; did you mean `x`?`, or nothing.
pub(super) fn hint<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, candidates).map(|best| format!("; did you mean `{best}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_like_it_is_offered() {
        let rules = ["pdb-missing", "probe-startup-missing", "privileged-container"];
        assert_eq!(nearest("pdb-mising", rules), Some("pdb-missing"));
        assert_eq!(nearest("ruels", ["rules", "exclude"]), Some("rules"));
        assert_eq!(nearest("privileged", rules), Some("privileged-container"));
        assert_eq!(nearest("something-else", rules), None);
    }
}
