//! `migrate access …`: what it takes and what it prints.

use std::io::{Read, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use migrations::access::{self, Change, Credential, Password, UserName};
use platform::mysql::Mysql;

/// Most bytes of a file with a password that are read: a whole one, and what an editor adds.
const MAX_PASSWORD_FILE: u64 = 1_024;

#[derive(Subcommand)]
pub(crate) enum Access {
    /// Prints, as a diff, what `apply` would do.
    Plan(Mysql),
    /// Brings the server to access.toml. Every migration does so, but for rights that accounts have of their own.
    Apply(Mysql),
    /// Prints what is not as access.toml says, and ends with 1 when there is anything.
    Audit(Mysql),
    /// Who signs in.
    #[command(subcommand)]
    User(User),
}

#[derive(Subcommand)]
pub(crate) enum User {
    /// Lets a user sign in, in one role. One that is there gets another role and another password.
    Add(Add),
    /// Takes a user away.
    Remove {
        /// Their name.
        name: UserName,
        #[command(flatten)]
        mysql: Mysql,
    },
}

#[derive(Args)]
pub(crate) struct Add {
    /// Their name.
    name: UserName,
    /// One of the roles in access.toml.
    #[arg(long)]
    role: String,
    /// A file with the password; - is standard input. Without it one is made, and printed.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// No password: tokens of AWS.
    #[arg(long, conflicts_with = "password_file")]
    iam: bool,
    #[command(flatten)]
    mysql: Mysql,
}

impl Access {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Plan(mysql) => {
                print(&access::plan(&mysql.mysql_url).await?)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Apply(mysql) => {
                print(&access::apply(&mysql.mysql_url).await?)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Audit(mysql) => {
                let drift = access::plan(&mysql.mysql_url).await?;
                print(&drift)?;
                Ok(if drift.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Self::User(user) => user.run().await,
        }
    }
}

impl User {
    async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run().await?,
            Self::Remove { name, mysql } => access::remove(&mysql.mysql_url, &name).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let generated = Password::generated();
        let credential = match &self.password_file {
            _ if self.iam => Credential::Iam,
            Some(file) => Credential::Password(read(file)?),
            None => Credential::Password(generated.clone()),
        };
        access::add(&self.mysql.mysql_url, &self.name, &self.role, &credential).await?;
        if !self.iam && self.password_file.is_none() {
            writeln!(stdout(), "{}", generated.reveal())?;
        }
        Ok(())
    }
}

fn read(file: &Path) -> anyhow::Result<Password> {
    let mut text = String::new();
    if file == Path::new("-") {
        stdin().take(MAX_PASSWORD_FILE).read_to_string(&mut text)?;
    } else {
        let opened = std::fs::File::open(file).with_context(|| file.display().to_string())?;
        opened.take(MAX_PASSWORD_FILE).read_to_string(&mut text)?;
    }
    Ok(Password::given(text.trim_end_matches(['\r', '\n']))?)
}

fn print(changes: &[Change]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    for change in changes {
        writeln!(out, "{change}")?;
    }
    if changes.is_empty() {
        writeln!(out, "all is as access.toml says")?;
    }
    Ok(())
}
