//! Reads one CSV file into typed rows, each of which knows where it stood.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use csv::{ReaderBuilder, StringRecord, Terminator, Trim};
use serde::de::DeserializeOwned;

/// One file of a form of data sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileSpec {
    /// Name in the directory.
    pub(super) name: &'static str,
    /// Columns that it must have; others may stand beside them.
    pub(super) columns: &'static [&'static str],
}

/// The files that make up one form.
pub(super) type Files = &'static [FileSpec];

impl FileSpec {
    /// The columns that a header lacks.
    pub(super) fn missing_from(&self, header: &[String]) -> Vec<&'static str> {
        self.columns
            .iter()
            .copied()
            .filter(|column| !header.iter().any(|present| present == column))
            .collect()
    }
}

/// Where the files are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    Directory(&'a Path),
    /// Name and content.
    Embedded(&'a [(&'a str, &'a str)]),
}

impl<'a> Source<'a> {
    /// `None` when there is no such file.
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + 'a>>> {
        match self {
            Self::Directory(dir) => match File::open(dir.join(name)) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error).with_context(|| dir.join(name).display().to_string()),
            },
            Self::Embedded(files) => {
                let file = files.iter().find(|(file, _)| *file == name);
                Ok(file.map(|(_, content)| -> Box<dyn Read + 'a> { Box::new(content.as_bytes()) }))
            }
        }
    }

    /// The column names of a file, if the file is there.
    pub(super) fn header(&self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(reader) = self.open(name)? else { return Ok(None) };
        let header = csv_reader(reader).headers().map_err(|error| located(name, error))?.clone();
        Ok(Some(header.iter().map(str::to_owned).collect()))
    }

    /// The rows of a file.
    pub(super) fn rows<T: DeserializeOwned + 'a>(
        &self,
        file: FileSpec,
    ) -> Result<impl Iterator<Item = Result<Row<T>>> + use<'a, T>> {
        let reader = self.open(file.name)?.ok_or_else(|| {
            anyhow!("there is no {} (with the columns {})", file.name, file.columns.join(","))
        })?;
        rows(reader, file)
    }
}

/// A row, and where it stood.
#[derive(Debug)]
pub(super) struct Row<T> {
    pub(super) value: T,
    /// Such as `stock.csv, line 7`.
    pub(super) place: String,
}

impl<T> Row<T> {
    /// Hands the value to `take`, and adds the place to its refusal.
    pub(super) fn taken_by<U>(self, take: impl FnOnce(T) -> Result<U>) -> Result<U> {
        take(self.value).with_context(|| self.place)
    }
}

fn csv_reader<R: Read>(reader: R) -> csv::Reader<R> {
    ReaderBuilder::new()
        // Published files pad money and names with blanks.
        .trim(Trim::All)
        // Where a carriage return may end a row, the library counts the lines of such files wrongly. Trimmed, it does
        // no harm.
        .terminator(Terminator::Any(b'\n'))
        // Numbers of fields are checked here, for the same reason.
        .flexible(true)
        .from_reader(reader)
}

/// The rows of a file that is already open. They are read as they are asked for.
pub(super) fn rows<R: Read, T: DeserializeOwned>(
    reader: R,
    file: FileSpec,
) -> Result<impl Iterator<Item = Result<Row<T>>> + use<R, T>> {
    let mut reader = csv_reader(reader);
    let header = reader.headers().map_err(|error| located(file.name, error))?.clone();
    let names: Vec<String> = header.iter().map(str::to_owned).collect();
    let missing = file.missing_from(&names);
    if !missing.is_empty() {
        bail!("{}, line 1: the header lacks {}: `{}`", file.name, missing.join(", "), names.join(","));
    }
    let read = move |record: csv::Result<StringRecord>| {
        let record = record.map_err(|error| located(file.name, error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let place = format!("{}, line {line}", file.name);
        ensure!(record.len() == header.len(), "{place}: {} fields instead of {}", record.len(), header.len());
        let value = typed(&record, &header).with_context(|| place.clone())?;
        Ok(Row { value, place })
    };
    Ok(reader.into_records().filter(|record| !is_blank(record)).map(read))
}

/// A line with nothing on it, as editors leave at the end.
fn is_blank(record: &csv::Result<StringRecord>) -> bool {
    record.as_ref().is_ok_and(|record| record.len() == 1 && record.get(0) == Some(""))
}

fn typed<T: DeserializeOwned>(record: &StringRecord, header: &StringRecord) -> Result<T> {
    record.deserialize(Some(header)).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| header.get(usize::try_from(field).ok()?));
            match column {
                Some(column) => anyhow!("{column}: {}", err.kind()),
                None => anyhow!("{}", err.kind()),
            }
        }
        other => anyhow!("{other:?}"),
    })
}

/// The library tells records and bytes; people look for a file and a line.
fn located(file: &str, error: csv::Error) -> anyhow::Error {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Utf8 { .. } => anyhow!("{file}, line {line}: not UTF-8"),
        csv::ErrorKind::Io(error) => anyhow::Error::new(error).context(format!("{file}, line {line}")),
        other => anyhow!("{file}, line {line}: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    const FILE: FileSpec = FileSpec { name: "t.csv", columns: &["id", "n"] };

    #[derive(Debug, PartialEq, Deserialize)]
    struct Line {
        id: String,
        n: u32,
    }

    fn read(content: &str) -> Result<Vec<(String, u32)>> {
        rows::<_, Line>(content.as_bytes(), FILE)?
            .map(|row| row.map(|row| (row.value.id, row.value.n)))
            .collect()
    }

    fn refusal(content: &str) -> String {
        format!("{:#}", read(content).unwrap_err())
    }

    #[test]
    fn blanks_line_ends_a_mark_and_other_columns_do_not_matter() {
        let expected = vec![("a".to_owned(), 1), ("b".to_owned(), 2)];
        for content in [
            "id,n\na,1\nb,2\n",
            "id,n\r\na,1 \r\n\"b\",2\r\n\r\n",
            "id,n\na,1\nb,2",
            "\u{feff}id,n\na,1\nb,2\n",
            "n,x,id\n1,?,a\n2,?,\"b\"\n",
        ] {
            assert_eq!(read(content).unwrap(), expected, "{content:?}");
        }
    }

    #[test]
    fn a_malformed_row_is_told_with_file_and_line() {
        assert_eq!(refusal("id,n\na,1\nb,x\n"), "t.csv, line 3: n: invalid digit found in string");
        assert_eq!(refusal("id,n\r\na,1\r\nb\r\n"), "t.csv, line 3: 1 fields instead of 2");
        assert_eq!(refusal("id,m\na,1\n"), "t.csv, line 1: the header lacks n: `id,m`");
        assert_eq!(refusal(""), "t.csv, line 1: the header lacks id, n: ``");
    }

    #[test]
    fn what_is_not_utf8_is_told_with_file_and_line() {
        let bytes: &[u8] = b"id,n\na,1\n\x8a\x43,2\n";
        let mut read = rows::<_, Line>(bytes, FILE).unwrap();
        assert!(read.next().unwrap().is_ok());
        assert_eq!(read.next().unwrap().unwrap_err().to_string(), "t.csv, line 3: not UTF-8");
    }
}
