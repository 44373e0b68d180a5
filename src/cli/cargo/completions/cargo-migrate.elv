# Completions of `cargo migrate` for elvish. In rc.elv, after those of cargo:
#
#     eval (cargo migrate completions elvish | slurp)

use str

# The last word is the one that is typed.
var candidates = {|words|
  var lines = []
  try {
    set lines = [(e:cargo-migrate complete --current=$words[-1] -- (all $words[..-1]) 2>/dev/null | from-lines)]
  } catch e {
    # Without the program there is nothing to say.
  }
  for line $lines {
    var parts = [(str:split &max=2 "\t" $line)]
    var value = $parts[0]
    var suffix = ' '
    # A directory, a branch or a range goes on.
    for end ['/' '@' ':' '='] {
      if (str:has-suffix $value $end) {
        set suffix = ''
      }
    }
    var display = $value
    if (> (count $parts) 1) {
      set display = $value'  '$parts[1]
    }
    edit:complex-candidate $value &display=$display &code-suffix=$suffix
  }
}

var others = $nil
if (has-key $edit:completion:arg-completer cargo) {
  set others = $edit:completion:arg-completer[cargo]
}

set edit:completion:arg-completer[cargo] = {|@words|
  var first = 1
  if (and (> (count $words) 2) (str:has-prefix $words[1] '+')) {
    set first = 2
  }
  if (and (> (count $words) (+ $first 1)) (eq $words[$first] migrate)) {
    $candidates $words[(+ $first 1)..]
  } elif (not-eq $others $nil) {
    $others $@words
  } else {
    edit:complete-filename $@words
  }
}

set edit:completion:arg-completer[cargo-migrate] = {|@words|
  $candidates $words[1..]
}
