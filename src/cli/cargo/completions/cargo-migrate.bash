# Completions of `cargo migrate` for bash. Load them after those of cargo, in ~/.bashrc:
#
#     eval "$(cargo migrate completions bash)"

# Completes what is typed after the first $1 words; readline replaces $2.
_cargo_migrate_complete() {
    local first="$1" replaced="$2" line="${COMP_LINE:0:COMP_POINT}" index word blank value
    local -a words=()
    # Readline also cuts at `@`, `:` and `=`; for us only blanks part words.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        blank="${line%%[![:space:]]*}"
        line="${line:${#blank}}"
        word="${COMP_WORDS[index]}"
        [[ $line == "$word"* ]] || word="$line"
        line="${line:${#word}}"
        if [[ index -eq 0 || -n $blank ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+="$word"
        fi
    done
    local last=$((${#words[@]} - 1))
    local current="${words[last]}"
    # What stands before, as in `billing@head` or `--env=dev`, is to be left out.
    local kept="${current%"$replaced"}"
    kept="${kept#[\"\']}"
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        COMPREPLY+=("${value#"$kept"}")
    done < <(cargo-migrate complete --current="${current#[\"\']}" \
        -- "${words[@]:first:last - first}" 2>/dev/null)
    compopt -o nosort 2>/dev/null
    # A directory, a branch or a range goes on.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/@:=] ]]; then
        compopt -o nospace 2>/dev/null
    else
        compopt +o nospace 2>/dev/null
    fi
}

_cargo_migrate_plain() {
    _cargo_migrate_complete 1 "$2"
}

# Takes the place of what completes `cargo` now, and remembers it.
_cargo_migrate_wrap() {
    local spec name
    spec="$(complete -p cargo 2>/dev/null)"
    name="${spec##* -F }"
    name="${name%% *}"
    if [[ $spec != *" -F "* ]]; then
        complete -o bashdefault -o default -F _cargo_migrate_cargo cargo
    elif [[ $name != _cargo_migrate_cargo ]]; then
        _cargo_migrate_other="$name"
        eval "${spec/ -F $name / -F _cargo_migrate_cargo }"
    fi
}

_cargo_migrate_cargo() {
    local first=1 loader
    [[ ${COMP_WORDS[1]} == +* ]] && first=2
    if [[ COMP_CWORD -gt first && ${COMP_WORDS[first]} == migrate ]]; then
        _cargo_migrate_complete $((first + 1)) "$2"
        return
    fi
    if [[ -z $_cargo_migrate_other ]]; then
        # bash-completion loads the one of cargo when it is first needed.
        for loader in _comp_load __load_completion _completion_loader; do
            if declare -F "$loader" >/dev/null; then
                "$loader" cargo 2>/dev/null
                _cargo_migrate_wrap
                break
            fi
        done
        : "${_cargo_migrate_other:=true}"
    fi
    "$_cargo_migrate_other" "$@"
}

_cargo_migrate_other=
_cargo_migrate_wrap
complete -F _cargo_migrate_plain cargo-migrate
