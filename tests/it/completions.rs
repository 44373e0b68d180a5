//! Completion, up to what a real shell offers. Shells that are not installed are skipped.

use std::path::Path;
use std::process::Command;

use crate::support::{Output, Project, assert_transcript};

fn project() -> Project {
    let project = Project::with_chain();
    project.revision("ae1027a6acf5", "", "CREATE TABLE a (x);", "DROP TABLE a;");
    project.write(
        "migrations/second.sql",
        "-- begin billing\n--\n-- revision: b0b0aaaa1111\n-- revises: ae1027a6acf5\n-- branch: billing\n\n\
         -- migrate:up\nCREATE TABLE b (x);\n\n-- migrate:down\nDROP TABLE b;\n",
    );
    project
}

/// Runs a script in a shell that has our binary; `None` without the shell.
fn shell(project: &Project, shell: &[&str], script: &str) -> Option<Output> {
    if Command::new(shell[0]).arg("--version").output().is_err()
        && Command::new(shell[0]).arg("-version").output().is_err()
    {
        println!("skipped: there is no `{}`", shell[0]);
        return None;
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::iter::once(binary.parent().unwrap().to_owned()).chain(std::env::split_paths(&others));
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(script).current_dir(project.root());
    command.env("PATH", std::env::join_paths(path).unwrap()).env("HOME", project.root());
    Some(project.run(&mut command))
}

#[test]
fn the_hidden_command_says_what_can_stand_there() {
    let project = project();
    assert_transcript!(project.migrate(&["complete", "--current=", "--", "down"]), @"
    exit code: 0
    ----- stdout -----
    head	the head of the chain
    heads	every head
    base	before every revision
    current	where the database is
    billing@	a revision of this line
    billing	branch label of b0b0aaaa1111
    b0b0aaaa1111	begin billing
    ae1027a6acf5	ae1027a6acf5
    ");
    assert_transcript!(project.migrate(&["complete", "--current=--di", "--", "sql"]), @"
    exit code: 0
    ----- stdout -----
    --dialect	The dialect, where the chain has several [default: that of the environment]
    ");
    assert_transcript!(project.migrate(&["complete", "--current=d", "--", "status", "--env"]), @"
    exit code: 0
    ----- stdout -----
    dev
    ");
    // A broken chain, and none at all.
    project.write("migrations/wrong.sql", "CREATE");
    assert_transcript!(project.migrate(&["complete", "--current=ae", "--", "up"]), @"exit code: 0");
    assert_transcript!(Project::empty().migrate(&["complete", "--current=ae", "--", "up"]), @"exit code: 0");
}

/// What bash would insert for each line, with what completed `cargo` before still at work.
const BASH: &str = r#"
set -u
_old_cargo() { COMPREPLY=("old:$2"); }
complete -o nospace -F _old_cargo cargo
eval "$(cargo-migrate completions bash)"
try() {
    COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
    # As readline cuts it.
    local rest="$1" word
    COMP_WORDS=()
    while [[ $rest =~ ^[[:space:]]*([:=@]+|[^[:space:]:=@]+)(.*)$ ]]; do
        COMP_WORDS+=("${BASH_REMATCH[1]}") rest="${BASH_REMATCH[2]}"
    done
    [[ $1 == *[[:space:]] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    # What it replaces: `@` is part of it, other marks are not.
    local replaced="${COMP_WORDS[COMP_CWORD]}"
    [[ $replaced == [:=] ]] && replaced=""
    [[ COMP_CWORD -gt 0 && ${COMP_WORDS[COMP_CWORD - 1]} == @ ]] && replaced="@$replaced"
    COMPREPLY=()
    local spec; spec="$(complete -p "${COMP_WORDS[0]}")"; spec="${spec##* -F }"
    "${spec%% *}" "${COMP_WORDS[0]}" "$replaced" ""
    echo "$1| ${COMPREPLY[*]-}"
}
try "cargo bui"
try "cargo migrate sta"
try "cargo migrate up ae"
try "cargo +nightly migrate up b0"
try "cargo migrate up billing@h"
try "cargo migrate up billing@"
try "cargo migrate history -r ae1027a6acf5:b0"
try "cargo migrate status --env="
try "cargo migrate new 'two words' --head ae"
try "cargo-migrate down ae"
complete -p cargo
"#;

#[test]
fn bash_completes() {
    let Some(output) = shell(&project(), &["bash", "--norc", "-c"], BASH) else { return };
    assert_transcript!(output, @"
    exit code: 0
    ----- stdout -----
    cargo bui| old:bui
    cargo migrate sta| stamp status
    cargo migrate up ae| ae1027a6acf5
    cargo +nightly migrate up b0| b0b0aaaa1111
    cargo migrate up billing@h| @head
    cargo migrate up billing@| @head @base @billing @b0b0aaaa1111 @ae1027a6acf5
    cargo migrate history -r ae1027a6acf5:b0| b0b0aaaa1111
    cargo migrate status --env=| dev
    cargo migrate new 'two words' --head ae| ae1027a6acf5
    cargo-migrate down ae| ae1027a6acf5
    complete -o nospace -F _cargo_migrate_cargo cargo
    ");
}

const ZSH: &str = r#"
autoload -Uz compinit && compinit -u -d ./zcompdump
_old_cargo() { compadd old }
compdef _old_cargo cargo
source <(cargo-migrate completions zsh)
# The list that the completion system is given.
compadd() { local last=${@[-1]}; [[ -n ${(P)last-} ]] && print -l -- ${(P)last}; print -- "compadd ${@[-1]}" }
_describe() {
    [[ $1 == -V ]] && shift
    print -rl -- "${(@P)2}"
}
for line in 'cargo bui' 'cargo migrate sta' 'cargo +nightly migrate up ae' 'cargo migrate up billing@h'; do
    words=(${=line}) CURRENT=$#words PREFIX=${words[-1]} service=cargo
    print -r -- "$line|"
    ${_comps[cargo]}
done
"#;

#[test]
fn zsh_completes() {
    let Some(output) = shell(&project(), &["zsh", "-f", "-c"], ZSH) else { return };
    assert_transcript!(output, @"
    exit code: 0
    ----- stdout -----
    cargo bui|
    compadd old
    cargo migrate sta|
    stamp:Record revisions as applied, or not, without running them
    status:Show where a database is
    cargo +nightly migrate up ae|
    ae1027a6acf5:ae1027a6acf5
    cargo migrate up billing@h|
    billing@head:the head of this line
    ");
}

const FISH: &str = "
cargo-migrate completions fish | source
for line in 'cargo migrate stat' 'cargo +nightly migrate up ae' 'cargo migrate up billing@' 'cargo-migrate down b0'
    echo \"$line|\"
    complete -C \"$line\"
end
";

#[test]
fn fish_completes() {
    let Some(output) = shell(&project(), &["fish", "--no-config", "-c"], FISH) else { return };
    assert_transcript!(output, @"
    exit code: 0
    ----- stdout -----
    cargo migrate stat|
    status	Show where a database is
    cargo +nightly migrate up ae|
    ae1027a6acf5	ae1027a6acf5
    cargo migrate up billing@|
    billing@head	the head of this line
    billing@base	before its first revision
    billing@billing	branch label of b0b0aaaa1111
    billing@b0b0aaaa1111	begin billing
    billing@ae1027a6acf5	ae1027a6acf5
    cargo-migrate down b0|
    b0b0aaaa1111	begin billing
    ");
}
