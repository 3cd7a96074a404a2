//! Lists of values in a statement.

use sqlx::{Encode, MySql, QueryBuilder, Type};

/// How many times longer each form of a list is than the one before.
const STEP: usize = 4;

/// Pushes `(?, ?, ...)`, or what nothing is in where there are no values.
///
/// The last value stands there again until there are 1, 4, 16, ... of them: so a statement has a handful of forms, and all
/// stay prepared. One that is not kept is closed by a packet that has no answer, and whatever is sent next waits for the
/// server's acknowledgement of it, 40 ms on Linux (sqlx leaves Nagle's algorithm on).
pub(super) fn push_list<'t, T: Clone + Encode<'t, MySql> + Type<MySql>>(
    query: &mut QueryBuilder<MySql>,
    values: impl IntoIterator<Item = T>,
) {
    let values: Vec<T> = values.into_iter().collect();
    let Some(last) = values.last().cloned() else {
        query.push("(NULL)");
        return;
    };
    let form = std::iter::successors(Some(1), |form| Some(form * STEP)).find(|form| *form >= values.len());
    let missing = form.unwrap_or_default().saturating_sub(values.len());
    query.push("(");
    let mut list = query.separated(", ");
    for value in values.into_iter().chain(std::iter::repeat_n(last, missing)) {
        list.push_bind(value);
    }
    list.push_unseparated(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(values: usize) -> usize {
        let mut query = QueryBuilder::<MySql>::new("");
        push_list(&mut query, vec![7_u32; values]);
        query.sql().as_str().matches('?').count()
    }

    #[test]
    fn a_list_has_a_handful_of_forms() {
        assert_eq!([0, 1, 2, 4, 5, 16, 17, 1_000].map(pushed), [0, 1, 4, 4, 16, 16, 64, 1_024]);
    }
}
