#compdef cargo-migrate
# Completions of `cargo migrate` for zsh. In ~/.zshrc, after `compinit`:
#
#     source <(cargo migrate completions zsh)
#
# or as the file `_cargo-migrate` in a directory of $fpath, where cargo's own completion finds it.

_cargo-migrate() {
    local -a lines closed open
    local line value entry
    lines=("${(@f)$(cargo-migrate complete --current="${(Q)PREFIX}" \
        -- "${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}")
    for line in $lines; do
        value="${line%%$'\t'*}"
        entry="${value//:/\\:}:${line#*$'\t'}"
        # A directory, a branch or a range goes on.
        if [[ $value == *[/@:=] ]]; then
            open+=("$entry")
        else
            closed+=("$entry")
        fi
    done
    local result=1
    (( $#closed )) && _describe -V 'cargo migrate' closed && result=0
    (( $#open )) && _describe -V 'cargo migrate' open -S '' && result=0
    return result
}

# Takes the place of what completed `cargo` before.
_cargo_migrate_cargo() {
    local first=2
    [[ ${words[2]-} == +* ]] && first=3
    if (( CURRENT > first )) && [[ ${words[first]} == migrate ]]; then
        words=("${(@)words[first,-1]}")
        (( CURRENT -= first - 1 ))
        _cargo-migrate
    elif [[ -n $_cargo_migrate_other ]]; then
        ${=_cargo_migrate_other} "$@"
    else
        _default
    fi
}

if [[ ${funcstack[1]-} == _cargo-migrate ]]; then
    _cargo-migrate "$@"
elif (( $+functions[compdef] )); then
    compdef _cargo-migrate cargo-migrate
    if [[ ${_comps[cargo]-} != _cargo_migrate_cargo ]]; then
        typeset -g _cargo_migrate_other="${_comps[cargo]-}"
        compdef _cargo_migrate_cargo cargo
    fi
fi
