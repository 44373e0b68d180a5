# Completions of `cargo migrate` for fish. They add to those of cargo:
#
#     cargo migrate completions fish > ~/.config/fish/conf.d/cargo-migrate.fish

# The words before the one that is typed, without a toolchain.
function __cargo_migrate_words
    set -l words (commandline -opc)
    if string match -q '+*' -- "$words[2]"
        set -e words[2]
    end
    printf '%s\n' $words
end

function __cargo_migrate_is_meant
    set -l words (__cargo_migrate_words)
    test "$words[2]" = migrate
end

function __cargo_migrate_candidates
    set -l words (__cargo_migrate_words)
    set -e words[1]
    set -l current (commandline -ct)
    cargo-migrate complete --current="$current" -- $words 2>/dev/null
end

complete -c cargo -n __cargo_migrate_is_meant -k -f -a '(__cargo_migrate_candidates)'
complete -c cargo-migrate -k -f -a '(__cargo_migrate_candidates)'
