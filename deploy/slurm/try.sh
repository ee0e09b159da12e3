#!/usr/bin/env bash
# Starts a Slurm cluster of two nodes on this machine for one audit. It runs the default audit as an array of 7 parts, kills one node
# and one task meanwhile, merges the parts, and compares the result with the audit of one machine. `cargo xtask slurm` runs this.
#
# It needs Debian's packages slurmctld, slurmd, slurm-client and munge, and root privileges. It stops everything that it starts, and
# writes only to a temporary folder, which is deleted after success. REGLET is the path of the program.
set -euo pipefail

reglet=$(realpath "${REGLET:?name the program reglet}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for program in munged slurmctld slurmd sbatch; do
    if ! command -v "$program" >/dev/null; then
        echo "there is no $program: apt-get install slurmctld slurmd slurm-client munge" >&2
        exit 2
    fi
done
if [ "$(id -u)" != 0 ]; then
    echo "slurmd needs root" >&2
    exit 2
fi

work=$(mktemp -d)
daemons=()
clean_up() {
    status=$?
    scancel --state=PENDING,RUNNING 2>/dev/null || true
    for daemon in ${daemons[@]+"${daemons[@]}"}; do
        kill "$daemon" 2>/dev/null || true
    done
    # Files that a killed slurmd has left behind.
    pkill -f "slurmstepd.*" 2>/dev/null || true
    wait 2>/dev/null || true
    if [ "$status" = 0 ]; then
        rm -rf "$work"
    else
        echo "failed; the logs are in $work" >&2
    fi
}
trap clean_up EXIT

# Ports on which no program listens.
port=$((20000 + $$ % 20000))
chmod 755 "$work"
mkdir -m 700 "$work/munge" "$work/state"
mkdir "$work/spool1" "$work/spool2"
head -c 1024 /dev/urandom >"$work/munge/key"
chmod 600 "$work/munge/key"
socket=$work/munge.socket
munged --foreground --force --key-file="$work/munge/key" --socket="$socket" --pid-file="$work/munge/pid" \
    --log-file="$work/munge/log" --seed-file="$work/munge/seed" >/dev/null 2>&1 &
daemons+=($!)

export SLURM_CONF=$work/slurm.conf
cat >"$SLURM_CONF" <<END
ClusterName=reglet
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
ReturnToService=2
SlurmdTimeout=5
InactiveLimit=0
MessageTimeout=5
KillWait=2
NodeName=1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1 State=UNKNOWN
NodeName=2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1 State=UNKNOWN
PartitionName=all Nodes=1,2 Default=YES MaxTime=INFINITE State=UP
END
slurmctld -D >/dev/null 2>&1 &
daemons+=($!)
node() {
    slurmd -D -N "$1" >/dev/null 2>&1 &
    nodes[$1]=$!
    daemons+=($!)
}
declare -A nodes
for _ in $(seq 100); do
    [ -S "$socket" ] && scontrol ping >/dev/null 2>&1 && break
    sleep 0.2
done
node 1
node 2

settings=("$@")
overrides=()
for setting in ${settings[@]+"${settings[@]}"}; do
    overrides+=(--set "$setting")
done
# Two tasks run at a time on a machine with two cores, so each has one thread; the audit on one machine has one thread, too, so that
# the last digits are the same.
export OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1
echo "the audit of one machine"
status=0
"$reglet" audit --config ruler.toml ${overrides[@]+"${overrides[@]}"} --out "$work/whole" >/dev/null || status=$?
[ "$status" -le 1 ]

echo "the same as an array of 7 on two nodes"
config=$work/ruler.toml
"$reglet" configs "$work" >/dev/null
REGLET=$reglet "$here/submit.sh" "$config" 7 "$work/audit" ${settings[@]+"${settings[@]}"} >"$work/last"

running() { squeue --noheader --states=RUNNING --name=reglet-part --format=%i | wc -l; }
for _ in $(seq 600); do
    [ "$(running)" -ge 2 ] && break
    sleep 0.2
done
# A task is killed while it runs; on a fast machine it takes only a second.
task=
for _ in $(seq 600); do
    task=$(pgrep -f "reglet-run audit .*--shard" | head -n 1 || true)
    [ -n "$task" ] && kill -9 "$task" && break
    sleep 0.05
done
[ -n "$task" ] || { echo "no part was seen at work; give it more pictures: data.phantoms.count=448" >&2; exit 1; }
echo "a task of node 1 is killed, and then node 2"
kill -9 "${nodes[2]}"
pkill -9 -f "slurmstepd: \[" || true
pkill -9 -f "reglet-run audit .*--shard" || true
for _ in $(seq 300); do
    state=$(sinfo --noheader --nodes=2 --format=%T)
    [[ $state == down* ]] && break
    sleep 0.2
done
echo "node 2 is $state; it comes back"
node 2

for _ in $(seq 1500); do
    [ -z "$(squeue --noheader --format=%i)" ] && break
    # A job that is requeued usually waits for two minutes.
    for job in $(squeue --noheader --array --states=PENDING --format='%i %r' | sed -n 's/ BeginTime$//p'); do
        scontrol update "jobid=$job" starttime=now 2>/dev/null || true
    done
    sleep 0.2
done
[ -f "$work/audit/results/results.json" ] || { tail -n 5 "$work"/audit/log/*; exit 1; }
ls "$work/audit/parts"
cmp_but_seconds() {
    local seconds='s/"seconds": [0-9.]*//; s|<dd>[0-9][^<]* s</dd>||'
    diff <(sed "$seconds" "$work/whole/$1") <(sed "$seconds" "$work/audit/results/$1") >/dev/null
}
same=0
while read -r file; do
    case $file in
        report.html | results.json | rows/run.json) cmp_but_seconds "$file" ;;
        *) cmp "$work/whole/$file" "$work/audit/results/$file" ;;
    esac
    same=$((same + 1))
done < <(cd "$work/whole" && find . -type f | sed 's|^\./||')
begun=$(grep -c "Allocate JobId=2_" "$work/slurmctld.log")
echo "$same files are those of one machine, byte for byte but for how long it took; 7 tasks were begun $begun times"
[ "$begun" -ge 9 ]
