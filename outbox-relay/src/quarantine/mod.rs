//! `outbox-relay quarantine`: what an operator can do about records that were not understood.
//!
//! Nothing leaves the quarantine unless its rows are written in the same transaction, or somebody says why. It must
//! never touch a checkpoint: what is redriven was read long ago.

mod error;
mod redrive;
mod store;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, value_parser};
use serde::Serialize;
use serde_json::json;
use sqlx::MySqlPool;

pub use error::Error;

use self::redrive::Outcome;
use self::store::{Entry, Store};

/// Most records of one page: what a person reads, and one statement does.
const MAX_PAGE: i64 = 100;
/// Fewest days until the content of a record goes: its stream is gone after one, its outbox row after two or more, and
/// then it is the only one.
const MIN_PURGE_DAYS: i64 = 4;

/// What to do about quarantined records.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists records, the first put aside first.
    List {
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
        /// Only those after this id: how the page before ended.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// Most records to list.
        #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=MAX_PAGE))]
        limit: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows a record whole. It may hold a customer's name and contact.
    Show {
        /// Its id.
        id: u64,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Applies records as if they came now, each in one transaction with leaving the quarantine. What still cannot be
    /// understood stays.
    Redrive {
        /// Their ids.
        #[arg(required_unless_present = "all")]
        ids: Vec<u64>,
        /// Every record, or every one that the filters let through.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// Which ones, of all.
        #[command(flatten)]
        filter: Filter,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Gives a record up: its event will never be applied.
    Discard {
        /// Its id.
        id: u64,
        /// Why; it is logged.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Empties records that were put aside that many days ago: they may hold a customer's name and contact. They stay
    /// listed, but cannot be redriven any more.
    Purge {
        /// How many days.
        #[arg(long, env = "PURGE_DAYS", default_value_t = 30, value_parser = value_parser!(i64).range(MIN_PURGE_DAYS..=3_650))]
        days: i64,
    },
}

/// Which records.
#[derive(Debug, Default, Clone, Args)]
pub struct Filter {
    /// Only those of this stream (its ARN).
    #[arg(long)]
    stream: Option<String>,
    /// Only those whose reason holds these words.
    #[arg(long)]
    reason: Option<String>,
    /// Only those that can be redriven: none that a purge emptied.
    #[arg(long)]
    full: bool,
}

/// Does it, and prints what came of it.
///
/// # Errors
/// When MySQL does not do as asked, there is no such record, or some that were to be redriven stay.
pub async fn run(pool: MySqlPool, command: Command) -> Result<(), Error> {
    let store = Store::new(pool);
    match command {
        Command::List { filter, after, limit, json } => {
            let entries = store.page(&filter, after, limit).await?;
            let full = u32::try_from(entries.len()).is_ok_and(|listed| listed == limit);
            let next = entries.last().filter(|_| full).map(|entry| entry.id);
            if json {
                print(&json!({"records": entries, "next": next}));
            } else {
                entries.iter().for_each(tell);
                if let Some(next) = next {
                    println!("more: --after {next}");
                }
            }
        }
        Command::Show { id, json } => {
            let entry = store.entry(id).await?.ok_or(Error::Missing(id))?;
            if json {
                print(&entry);
            } else {
                tell(&entry);
                println!("{:#}", entry.record.unwrap_or_default());
            }
        }
        Command::Redrive { ids, all, filter, json } => {
            let (mut applied, mut stays, mut missing, mut last) = (0, Vec::new(), None, 0);
            let mut ids = ids;
            loop {
                if all {
                    let filter = Filter { full: true, ..filter.clone() };
                    let page = store.page(&filter, last, u32::try_from(MAX_PAGE).unwrap_or(1)).await?;
                    ids = page.iter().map(|entry| entry.id).collect();
                }
                for id in &ids {
                    match store.redrive(*id).await? {
                        Outcome::Applied => applied += 1,
                        Outcome::Stays(reason) => stays.push((*id, reason)),
                        // Somebody else was quicker.
                        Outcome::Missing if all => {}
                        // The others are done all the same, and told.
                        Outcome::Missing => missing = missing.or(Some(*id)),
                    }
                    last = *id;
                }
                if !all || ids.is_empty() {
                    break;
                }
            }
            told_redriven(applied, &stays, json)?;
            if let Some(id) = missing {
                return Err(Error::Missing(id));
            }
        }
        Command::Discard { id, reason, json } => {
            let entry = store.discard(id).await?.ok_or(Error::Missing(id))?;
            tracing::warn!(
                quarantine.id = id,
                stream.arn = entry.stream,
                stream.sequence_number = entry.sequence_number,
                quarantine.reason = entry.reason,
                reason,
                "a quarantined record was discarded"
            );
            if json { print(&json!({"discarded": id})) } else { println!("discarded {id}") }
        }
        Command::Purge { days } => {
            let purged = store.purge(days).await?;
            tracing::info!(purged, days, "quarantined records were emptied");
            print(&json!({"purged": purged}));
        }
    }
    Ok(())
}

fn told_redriven(applied: u64, stays: &[(u64, String)], json: bool) -> Result<(), Error> {
    if json {
        let stays: Vec<_> = stays.iter().map(|(id, reason)| json!({"id": id, "reason": reason})).collect();
        print(&json!({"applied": applied, "stays": stays}));
    } else {
        for (id, reason) in stays {
            println!("{id} stays: {reason}");
        }
        println!("{applied} applied, {} stay", stays.len());
    }
    if stays.is_empty() { Ok(()) } else { Err(Error::Stay(stays.len())) }
}

fn tell(entry: &Entry) {
    let Entry { id, first_seen_at, stream, sequence_number, reason, .. } = entry;
    let emptied = if entry.emptied_at.is_some() { "  (emptied)" } else { "" };
    let first_seen_at = first_seen_at.format("%Y-%m-%dT%H:%M:%SZ");
    println!("{id}  {first_seen_at}  {stream} {sequence_number}  {reason}{emptied}");
}

fn print(answer: &impl Serialize) {
    println!("{}", serde_json::to_string(answer).unwrap_or_default());
}
