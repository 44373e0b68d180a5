//! A chain is applied once, and copied for each test.
//!
//! A template is made under another name and renamed when it is complete, so nobody ever copies half
//! of one; the lock only saves the others the work.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::marker::PhantomData;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::folder::{folder, sweep};
use super::scratch::{Scratch, no_folder};
use crate::chain::{Direction, Kind, RevisionId, hex};
use crate::dialect::Dialect;
use crate::runtime::{
    Configured, Connection, Error, ErrorKind, Site, Way, quoted, sleep, variant, walk,
};

/// How long somebody else may take to make a template.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often a template is made that somebody has taken away.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(10);

/// A copy of the template file.
pub(super) fn file(configured: Configured<'_>) -> BoxFuture<'_, Result<Scratch, Error>> {
    Box::pin(async move {
        let io = |error: std::io::Error| no_folder(&error);
        let folder = folder().map_err(io)?;
        // Whether the chain is written for it is told by a connection.
        let way = Way::Url(String::from("sqlite::memory:"), PhantomData);
        let key = key(&configured, way).await?;
        let template = folder.join(format!("template-{key}.db"));
        let scratch = Scratch::new(None)?;
        // Whoever sweeps may take it away again.
        for _ in 0..ATTEMPTS {
            match std::fs::copy(&template, scratch.name()) {
                Ok(_) => return Ok(scratch),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(io(error)),
            }
            let lock = File::create(folder.join(format!("template-{key}.lock"))).map_err(io)?;
            lock_file(&lock).await?;
            if !template.exists() {
                sweep(&folder);
                scratch.site().create().await?;
                apply(&configured, scratch.url()).await?;
                std::fs::rename(scratch.name(), &template).map_err(io)?;
            }
        }
        std::fs::copy(&template, scratch.name()).map(|_| scratch).map_err(io)
    })
}

/// Waits without holding up other tasks of the same thread, one of which may hold the lock.
async fn lock_file(file: &File) -> Result<(), Error> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                sleep(PAUSE).await;
                waited += PAUSE;
            }
            Err(TryLockError::WouldBlock) => return Err(impatient()),
            Err(TryLockError::Error(error)) => return Err(no_folder(&error)),
        }
    }
}

fn impatient() -> Error {
    Error::new(ErrorKind::Locked, "another test has been making the template for ten minutes")
        .help("see whether it hangs, and end it")
}

/// A copy of the template database on a server, where it has such things.
pub(super) fn on_server<'a>(
    configured: Configured<'a>,
    url: &'a str,
) -> BoxFuture<'a, Result<Scratch, Error>> {
    Box::pin(async move {
        let scratch = Scratch::new(Some(url))?;
        if scratch.site().dialect() != Dialect::Postgres {
            scratch.site().create().await?;
            apply(&configured, scratch.url()).await?;
            return Ok(scratch);
        }
        let key = key(&configured, Way::Url(url.to_owned(), PhantomData)).await?;
        let template = Site::beside(url, &format!("migrate_template_{key}"))?;
        let mut door = template.door().await?;
        let result = copy(&configured, url, &template, scratch.site(), &mut door).await;
        door.finish().await?;
        result.map(|()| scratch)
    })
}

async fn copy(
    configured: &Configured<'_>,
    url: &str,
    template: &Site,
    copy: &Site,
    door: &mut Connection<'_>,
) -> Result<(), Error> {
    let (copy, from) =
        (quoted(Dialect::Postgres, &copy.name()), quoted(Dialect::Postgres, &template.name()));
    let sql = format!("CREATE DATABASE {copy} TEMPLATE {from}");
    let mut attempts = 0;
    loop {
        if !template.is_there(door).await? {
            lock(template, door).await?;
            let made = make(configured, url, template, door).await;
            let unlocked = door.texts("SELECT pg_advisory_unlock_all()::text").await;
            unlocked.map_err(|error| door.explained(error, "free the lock of a template"))?;
            made?;
        }
        let Err(error) = door.texts(&sql).await else { return Ok(()) };
        attempts += 1;
        // People may drop templates whenever they like.
        if attempts == ATTEMPTS || template.is_there(door).await? {
            return Err(door.explained(error, "copy the template of the database"));
        }
    }
}

/// Waits for whoever makes the same template; the lock goes with the connection, if not before.
async fn lock(template: &Site, door: &mut Connection<'_>) -> Result<(), Error> {
    let hash = hmac_sha256::Hash::hash(template.name().as_bytes());
    let key = hash[..8].iter().fold(0u64, |key, byte| key << 8 | u64::from(*byte)).cast_signed();
    let sql = format!("SELECT pg_try_advisory_lock({key})::text");
    let mut waited = Duration::ZERO;
    loop {
        let rows = door.texts(&sql).await;
        let rows = rows.map_err(|error| door.explained(error, "lock the making of a template"))?;
        if rows.first().and_then(|row| row.first()) == Some(&Some(String::from("true"))) {
            return Ok(());
        }
        if waited > PATIENCE {
            return Err(impatient());
        }
        sleep(PAUSE).await;
        waited += PAUSE;
    }
}

async fn make(
    configured: &Configured<'_>,
    url: &str,
    template: &Site,
    door: &mut Connection<'_>,
) -> Result<(), Error> {
    if template.is_there(door).await? {
        return Ok(());
    }
    let draft = Scratch::create(Some(url)).await?;
    apply(configured, draft.url()).await?;
    let (name, new) =
        (quoted(Dialect::Postgres, &draft.name()), quoted(Dialect::Postgres, &template.name()));
    // A database that somebody is connected to cannot be copied.
    for sql in [
        format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
        format!("ALTER DATABASE {name} RENAME TO {new}"),
    ] {
        if let Err(error) = door.texts(&sql).await {
            // Whoever came through another database has another lock.
            if template.is_there(door).await? {
                return Ok(());
            }
            return Err(door.explained(error, "make a template of the database"));
        }
    }
    Ok(())
}

/// Applies everything, without the checks of what is there already.
async fn apply(configured: &Configured<'_>, url: &str) -> Result<(), Error> {
    let chain = configured.migrator.chain()?;
    let all: HashSet<RevisionId> = chain.revisions().iter().map(|it| it.id().clone()).collect();
    walk(configured, url, Direction::Up, &all).await?;
    // A file in WAL mode is whole only with what lies beside it.
    let mut connection = Connection::open(Way::Url(url.to_owned(), PhantomData), false).await?;
    let checkpoint = match connection.dialect() {
        Dialect::Sqlite => connection.texts("PRAGMA wal_checkpoint(TRUNCATE)").await.map(drop),
        _ => Ok(()),
    };
    let checkpoint =
        checkpoint.map_err(|error| connection.explained(error, "write back the database's log"));
    connection.finish().await?;
    checkpoint
}

/// What a template is called after: everything that decides what `up` makes.
async fn key(configured: &Configured<'_>, way: Way<'_>) -> Result<String, Error> {
    let header = configured.migrator.header()?;
    let connection = Connection::open(way, false).await?;
    let found = variant(connection.dialect(), header, &configured.options);
    connection.finish().await?;
    let (index, tips) = found?;
    let settings = &header.settings;
    let mut text = format!(
        "{} {} {:?} {:?} {:?} {}\n",
        env!("CARGO_PKG_VERSION"),
        tips.variant,
        settings.chain,
        settings.schema,
        settings.table,
        header.count
    );
    for (id, digest) in &tips.tips {
        let _ = writeln!(text, "{id} {digest}");
    }
    let chain = configured.migrator.chain()?;
    let mut rust = chain.revisions().iter().filter(|it| it.kind() == Kind::Rust).peekable();
    if rust.peek().is_some() {
        // What they call is in no checksum, but in the program.
        let program = std::env::current_exe().and_then(|path| path.metadata()?.modified());
        let _ = writeln!(text, "{program:?}");
    }
    for revision in rust {
        let _ = writeln!(text, "{}", revision.fingerprints()[index].checksum);
    }
    let hash = hmac_sha256::Hash::hash(text.as_bytes());
    Ok(hex(&hash[..8]))
}
