# Completions of `cargo migrate` for PowerShell. In $PROFILE, after those of cargo if you have any:
#
#     cargo migrate completions powershell | Out-String | Invoke-Expression

# PowerShell knows one completer for each program, and tells nobody which it is: this looks it up where PowerShell
# keeps it, so that other commands of cargo are completed as before. Where that fails, only `migrate` is.
$cargoMigrateOther = $null
try {
    $flags = [System.Reflection.BindingFlags]'Instance, NonPublic'
    $context = $ExecutionContext.GetType().GetField('_context', $flags).GetValue($ExecutionContext)
    $known = $context.GetType().GetProperty('NativeArgumentCompleters', $flags).GetValue($context)
    if ($known -and $known.ContainsKey('cargo')) { $cargoMigrateOther = $known['cargo'] }
} catch { }

$cargoMigrateCompleter = {
    param($wordToComplete, $commandAst, $cursorPosition)
    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    $words = @($elements | ForEach-Object { $_.ToString() })
    $first = 1
    if ($words.Count -gt 0 -and [System.IO.Path]::GetFileNameWithoutExtension($words[0]) -eq 'cargo') {
        if ($words.Count -gt 1 -and $words[1].StartsWith('+')) { $first = 2 }
        if ($words.Count -le $first -or $words[$first] -ne 'migrate') {
            if ($cargoMigrateOther) { & $cargoMigrateOther $wordToComplete $commandAst $cursorPosition }
            return
        }
        $first = $first + 1
    }
    $before = @($words | Select-Object -Skip $first)
    cargo-migrate complete "--current=$wordToComplete" -- @before 2>$null | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}.GetNewClosure()

Register-ArgumentCompleter -Native -CommandName 'cargo', 'cargo-migrate' -ScriptBlock $cargoMigrateCompleter
