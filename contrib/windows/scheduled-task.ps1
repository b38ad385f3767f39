# Registers a Scheduled Task that runs `hrpush sync` each night as a group managed service account.
# Written from Microsoft's documentation and not run: try it on a test server first.
#Requires -RunAsAdministrator
param(
    [string] $Program = 'C:\Program Files\hrpush\hrpush.exe',
    [string] $Config  = 'C:\ProgramData\hrpush\hrpush.toml',
    [string] $State   = 'C:\ProgramData\hrpush\state',
    # The account ends with a $: DOMAIN\hrpush$
    [Parameter(Mandatory)] [string] $Account
)
$ErrorActionPreference = 'Stop'

# Only the account and administrators may read the configuration, its secrets and the state.
New-Item -ItemType Directory -Force -Path $State | Out-Null
icacls (Split-Path $Config) /inheritance:r /grant:r "${Account}:(OI)(CI)M" 'BUILTIN\Administrators:(OI)(CI)F' 'NT AUTHORITY\SYSTEM:(OI)(CI)F' | Out-Null

$action    = New-ScheduledTaskAction -Execute $Program -Argument "sync --config `"$Config`" --state `"$State`" --log-file `"$State\hrpush.log`""
$trigger   = New-ScheduledTaskTrigger -Daily -At '02:15'
$principal = New-ScheduledTaskPrincipal -UserId $Account -LogonType Password
$settings  = New-ScheduledTaskSettingsSet -StartWhenAvailable -MultipleInstances IgnoreNew -ExecutionTimeLimit (New-TimeSpan -Hours 6)
Register-ScheduledTask -TaskName 'hrpush sync' -Action $action -Trigger $trigger -Principal $principal -Settings $settings `
    -Description 'Makes the Entra tenant agree with HR. Exit code 3: stopped by a guard; 4: people need attention.'
