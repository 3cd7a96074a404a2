//! How many rows stand in one statement.

/// Rows of one statement at most: far below MySQL's 65,535 placeholders with the widest row, and a few statements a batch.
const ROWS_PER_STATEMENT: usize = 256;
/// How many times more rows each form of a statement has than the one before.
const STEP: usize = 4;

/// Cuts rows into those of each statement: 1, 4, 16, 64 or 256, where the last one stands there again until there are so
/// many. To write a row twice is to write it once, and a statement with a handful of forms stays prepared: one that is not
/// kept is closed by a packet that has no answer, and whatever is sent next waits for the server's acknowledgement of it, 40
/// ms on Linux (sqlx leaves Nagle's algorithm on).
pub(super) fn statements<T>(rows: &[T]) -> impl Iterator<Item = Vec<&T>> {
    rows.chunks(ROWS_PER_STATEMENT).map(|some| {
        let forms = std::iter::successors(Some(1), |form| Some(form * STEP));
        let form = forms.take_while(|form| *form < ROWS_PER_STATEMENT).find(|form| *form >= some.len());
        let missing = form.unwrap_or(ROWS_PER_STATEMENT).saturating_sub(some.len());
        some.iter().chain(std::iter::repeat_n(some.last(), missing).flatten()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_a_handful_of_forms_and_every_row() {
        for (rows, forms) in [
            (0, vec![]),
            (1, vec![1]),
            (2, vec![4]),
            (16, vec![16]),
            (65, vec![256]),
            (257, vec![256, 1]),
            (600, vec![256, 256, 256]),
        ] {
            let rows: Vec<usize> = (0..rows).collect();
            let made: Vec<Vec<&usize>> = statements(&rows).collect();
            assert_eq!(made.iter().map(Vec::len).collect::<Vec<_>>(), forms);
            let mut all: Vec<usize> = made.into_iter().flatten().copied().collect();
            all.dedup();
            assert_eq!(all, rows);
        }
    }
}
