//! `migrate access`, as people run it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use harness::Database;
use sqlx::{ConnectOptions, Connection};

const GIVEN: &str = "a-secret-of-theirs";

/// What `migrate access` says to these arguments and this on its standard input: whether it went well, output and errors.
fn access(database: &Database, arguments: &[&str], input: &str) -> (bool, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_migrate"))
        .arg("access")
        .args(arguments)
        .env("MYSQL_URL", database.url())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// With what rights somebody is signed in: the roles of their session, or why they are not let in.
async fn signed_in(database: &Database, user: &str, password: &str) -> Result<String, String> {
    let options = database.options.clone().database("").username(user).password(password);
    let mut connection = options.connect().await.map_err(|error| error.to_string())?;
    let role: Option<String> = sqlx::query_scalar("SELECT CAST(CURRENT_ROLE() AS CHAR)")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| error.to_string())?;
    connection.close().await.unwrap();
    Ok(role.unwrap_or_default())
}

#[tokio::test]
async fn users_come_and_go() {
    let database = Database::new().await;
    // The name that the harness takes away.
    let user = &format!("{}_support", database.options.get_database().unwrap());
    let (made, password, _) = access(&database, &["user", "add", user, "--role", "support"], "");
    assert!(made && password.trim().len() > 30, "{password}");
    assert!(signed_in(&database, user, password.trim()).await.unwrap().contains(".support"));

    // Another role and password in place of those it had; what is given is not printed.
    let add = ["user", "add", user, "--role", "analyst", "--password-file", "-"];
    assert_eq!(access(&database, &add, &format!("{GIVEN}\n")).1, "");
    assert!(signed_in(&database, user, password.trim()).await.is_err());
    let roles = signed_in(&database, user, GIVEN).await.unwrap();
    assert!(roles.contains(".analyst") && !roles.contains(".support"), "{roles}");
    assert_eq!(
        access(&database, &["audit"], ""),
        (true, "all is as access.toml says\n".to_owned(), String::new())
    );

    assert!(access(&database, &["user", "remove", user], "").0);
    assert!(signed_in(&database, user, GIVEN).await.is_err());
    let (removed, _, error) = access(&database, &["user", "remove", user], "");
    assert!(!removed && error.contains("there is no user"), "{error}");
}

#[tokio::test]
async fn nobody_elses_account_is_touched_and_no_password_told() {
    let database = Database::new().await;
    let user = &format!("{}_support", database.options.get_database().unwrap());
    let file = ["--password-file", "-"];
    for (arguments, input, told) in [
        (
            vec!["user", "add", user, "--role", "boss"],
            "",
            "access.toml has no role `boss`; it has analyst, app_projection",
        ),
        (vec!["user", "add", "o'brien", "--role", "support"], "", "a user has a name of"),
        (
            [&["user", "add", user, "--role", "support"][..], &file].concat(),
            "short",
            "a password has 12 to 128",
        ),
        (
            [&["user", "add", user, "--role", "support", "--iam"][..], &file].concat(),
            "",
            "cannot be used with",
        ),
        // No server here has the plugin.
        (vec!["user", "add", user, "--role", "support", "--iam"], "", "AWSAuthenticationPlugin"),
    ] {
        let (done, output, error) = access(&database, &arguments, input);
        assert!(!done && output.is_empty() && error.contains(told), "{arguments:?}: {error}");
    }
    database.run(format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'something-else-entirely'")).await;
    for arguments in
        [vec!["user", "remove", user], [&["user", "add", user, "--role", "support"][..], &file].concat()]
    {
        let (done, _, error) = access(&database, &arguments, GIVEN);
        assert!(!done && error.contains("did not come by this command"), "{error}");
        assert!(!error.contains(GIVEN), "{error}");
    }
    assert!(signed_in(&database, user, "something-else-entirely").await.is_ok());
}

#[tokio::test]
async fn an_audit_with_drift_ends_with_1() {
    let database = Database::new().await;
    let name = database.options.get_database().unwrap();
    database.run(format!("GRANT DELETE ON stock TO '{name}.app_query'")).await;
    let (well, drift, _) = access(&database, &["audit"], "");
    assert!(!well && drift.starts_with("- REVOKE DELETE ON `"), "{drift}");
    let (planned, plan, _) = access(&database, &["plan"], "");
    assert!(planned && plan == drift, "{plan}");
    assert_eq!(access(&database, &["apply"], "").1, drift);
    assert!(access(&database, &["audit"], "").0);
}
