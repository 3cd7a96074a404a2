//! Putting records aside that were not understood, in the transaction of the batch that they came in.

use std::collections::BTreeMap;

use sqlx::{MySqlConnection, QueryBuilder};

use super::plan::Quarantined;

/// Records of one statement: a whole batch of 10,000 takes as few statements as its rows would.
const MAX_RECORDS: usize = 500;
/// Most bytes of records in one statement, unless one alone has more (a row has at most 400 KB): far below the 16 MB
/// that MariaDB takes as one packet, MySQL taking 64.
const MAX_BYTES: usize = 4 << 20;

/// Longest place that is kept, in characters: what its column holds, and Kinesis has (129 digits).
const MAX_PLACE_CHARS: usize = 129;

/// Puts records of a stream aside, by their ids. A record that is seen again keeps the time at which it was first seen.
pub(super) async fn write(
    connection: &mut MySqlConnection,
    stream: &str,
    records: &BTreeMap<String, Quarantined>,
) -> Result<(), sqlx::Error> {
    let all: Vec<(&String, &Quarantined)> = records.iter().collect();
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(fitting(rest));
        let mut query = QueryBuilder::new(
            "INSERT INTO quarantine (stream, digest, sequence_number, reason, record, first_seen_at) ",
        );
        query.push_values(some, |mut values, (id, quarantined)| {
            let Quarantined { sequence_number, reason, record } = quarantined;
            values.push_bind(stream).push_bind(id.as_str()).push_bind(place(sequence_number.as_deref()));
            values.push_bind(reason.as_str()).push_bind(record.as_str()).push("UTC_TIMESTAMP(6)");
        });
        query.push(" ON DUPLICATE KEY UPDATE stream = VALUES(stream)");
        query.build().persistent(false).execute(&mut *connection).await?;
        rest = others;
    }
    Ok(())
}

/// A record's place as its column can hold it: a function is told it by its caller, who may say anything.
fn place(sequence_number: Option<&str>) -> String {
    sequence_number.unwrap_or_default().chars().filter(char::is_ascii).take(MAX_PLACE_CHARS).collect()
}

/// How many of them go into one statement: one at least.
fn fitting(records: &[(&String, &Quarantined)]) -> usize {
    let mut bytes = 0;
    let fits = records.iter().take(MAX_RECORDS).take_while(|(_, quarantined)| {
        bytes += quarantined.record.len();
        bytes <= MAX_BYTES
    });
    fits.count().max(1)
}
