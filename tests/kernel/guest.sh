#!/bin/busybox sh
# The only program of the machine: tries Usewear, keeps what it says under /out, and sends that. What is right
# or wrong of it is judged outside, in test_kernels.py.
. /machine.sh
export USEWEAR_STATE=/tmp/state
parts=$(told parts | tr ',' ' ')
library=/lib/library.so

# Nothing is started by waiting, so that what the sensor sees is what the parts do: nap is a tenth of a second.
mkfifo /tmp/never
exec 9<>/tmp/never
nap() { read -r -t 0.1 _ <&9; }

say() { echo "== $(cut -d' ' -f1 /proc/uptime) $*"; }

# keep NAME COMMAND…: what it prints and how it ends.
keep() {
    name=$1
    shift
    timeout "${most:-60}" "$@" >"/out/$name.out" 2>"/out/$name.err"
    echo $? >"/out/$name.rc"
}

has_line() {
    while read -r line; do
        case $line in *$2*) return 0 ;; esac
    done <"$1"
    return 1
}

# watched NAME OPTIONS -- SHELL: `usewear events` with these options while the shell's words run.
watched() {
    name=$1 options=$2
    shift 3
    : >"/out/$name.err"
    # shellcheck disable=SC2086  # options
    usewear events $options >"/out/$name.out" 2>"/out/$name.err" &
    sensor=$!
    naps=0
    until has_line "/out/$name.err" watching || ! kill -0 $sensor 2>/dev/null || [ $naps = 300 ]; do
        nap
        naps=$((naps + 1))
    done
    eval "$*"
    nap; nap; nap; nap; nap
    kill -INT $sensor
    wait $sensor
    echo $? >"/out/$name.rc"
}

# wait_lines FILE COUNT: until it has so many; it may have yet to be made.
wait_lines() {
    naps=0
    until have=$(wc -l 2>/dev/null <"$1"); [ "${have:-0}" -ge "$2" ] || [ $naps = 600 ]; do
        nap
        naps=$((naps + 1))
    done
}

part_unified() {
    mount -t cgroup2 cgroup /sys/fs/cgroup
    mkdir /sys/fs/cgroup/one /sys/fs/cgroup/two
}

part_programs() { keep programs kernel-test programs; }

part_doctor() { keep doctor usewear doctor --json; }

# Two that stay: their mappings are compared.
part_snapshot() {
    (echo "dlopen $library"; sleep 1000) | steered >/dev/null &
    (echo "mprotect $library"; sleep 1000) | steered >/dev/null &
    sleep 1
    keep snapshot kernel-test snapshot
    for process in /proc/[0-9]*; do
        sed "s/^/${process#/proc/} /" "$process/maps" 2>/dev/null
    done >/out/maps.out
}

# Everything that happens: programs, forks, ends, libraries, sockets.
part_events() {
    watched events "" -- '
        exec-victim /tmp >/out/exec-victim.out
        storm 200 >/out/storm.out
        printf "dlopen %s\nlisten 4\nconnect 4 9 1\n" $library | steered >/out/steered.out'
}

# Code by mprotect; and another process touches the mappings of the one that has it.
part_protected() {
    cp $library /tmp/protected.so
    watched protected "--type map" -- '
        (echo "mprotect /tmp/protected.so"; sleep 1000) | sh -c "echo \$\$ >/sys/fs/cgroup/one/cgroup.procs; exec steered" >/dev/null &
        nap; nap; nap; nap; nap
        sh -c "echo \$\$ >/sys/fs/cgroup/two/cgroup.procs; echo 4 >/proc/$!/clear_refs"'
}

# The same mapping 600 times is one fact; in another workload it is a second one.
part_dedup() {
    watched dedup "--type map --comm steered" -- '
        for cgroup in one one two; do
            printf "map %s 300\n" $library | sh -c "echo \$\$ >/sys/fs/cgroup/$cgroup/cgroup.procs; exec steered" >/dev/null
        done'
}

# More than all buffers hold comes while nobody reads; before it the same with one, to know what else makes
# mappings.
part_drops() {
    for many in 1 20001; do
        watched drops-$many "--type map --all --ring 4096" -- '
            kill -STOP $sensor
            printf "map %s $many\n" $library | steered >/dev/null
            kill -CONT $sensor'
    done
    mv /out/drops-20001.out /out/drops.out
    grep -c "$library" /out/drops.out >/out/drops.count
    rm /out/drops.out
}

# In a program that runs already, and in one that starts later.
part_functions() {
    mkfifo /tmp/steer
    functions </tmp/steer >/dev/null &
    exec 7>/tmp/steer
    watched functions "--function /bin/functions:victim_a --function /bin/functions:victim_b" -- '
        echo a >&7
        echo a >&7
        sleep 0.3
        echo b | functions >/dev/null'
    exec 7>&-
    # A tracepoint, whose program is told which one it serves.
    watched hook "--hook tracepoint:sched:sched_process_exec --hook tracepoint:sched:sched_process_exit" -- '
        exec-victim /tmp >/dev/null'
}

# In a root of its own; "ready" with the pid once the module has run.
start_python() {
    [ ! -e /python.missing ] || { cp /python.missing /out; return 1; }
    mount -t proc proc /python/proc
    sh -c 'echo $$; exec chroot /python /usr/bin/python3.11 -c "
import victim, time
victim.called()
print(1, flush=True)
time.sleep(100000)"' >/tmp/python.ready 2>/out/python.err &
    wait_lines /tmp/python.ready 2
    python=$(head -n 1 /tmp/python.ready)
}

part_python() {
    start_python || return
    keep python usewear functions "$python" --json --all
}

# The unit tests of a cross build, where the machine that builds cannot run them.
part_units() {
    export USEWEAR_SOURCE=/source
    cd /source || return
    most=240 # seconds each; it is the slowest machine of all
    for program in /units/test-* /units/replay-*; do
        name=${program##*/}
        case $name in
        replay-*) keep "$name" "$program" "tests/fuzz/corpus/${name#replay-}" ;;
        *) keep "$name" "$program" ;;
        esac
    done
    unset most
    cd /
}

. /variations.sh
. /trouble.sh
for part in $parts; do
    say "$part"
    part_$part
done
dmesg >/out/dmesg.out
cut -d' ' -f1 /proc/uptime >/out/uptime.out
say sending
send
