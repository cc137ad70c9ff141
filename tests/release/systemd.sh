#!/bin/bash
# What a person does with the package, on a machine that systemd has started; sent over the console as in
# tests/kernel/guest.sh, judged in test_systemd.py.
out=/run/out state=/var/lib/usewear
mkdir $out

# keep NAME COMMAND…: what it prints and how it ends.
keep() {
    name=$1
    shift
    timeout 100 "$@" >$out/$name.out 2>$out/$name.err
    echo $? >$out/$name.rc
}

# looks NUMBER: until the service has told of so many.
looks() {
    for _ in {1..120}; do
        [ "$(journalctl -u usewear -o cat --no-pager | grep -c '^{')" -lt "$1" ] || break
        sleep 1
    done
}

keep install dpkg --install /root/usewear.deb
keep enabled systemctl is-enabled usewear
keep idle systemctl is-active usewear

# As it comes, but for how often it looks and in what form it tells.
mkdir /etc/systemd/system/usewear.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/bin/usewear watch --json --interval 5\n' >/etc/systemd/system/usewear.service.d/often.conf
systemctl daemon-reload
keep start systemctl enable --now usewear
looks 1
main=$(systemctl show -P MainPID usewear)
cp /proc/$main/status $out/watch.status
for worker in $(cat /proc/$main/task/$main/children); do
    cp /proc/$worker/status $out/worker-$worker.status
done

# One that starts and one that has ended by the next look, each a workload, another user's.
systemd-run -q --unit=stays -p User=games sleep 1000
systemd-run -q --unit=ended -p User=games perl -e 1
looks $(($(journalctl -u usewear -o cat --no-pager | grep -c '^{') + 2))

keep doctor usewear doctor --json
keep security systemd-analyze security --no-pager usewear
keep reload systemctl reload usewear
looks $(($(journalctl -u usewear -o cat --no-pager | grep -c '^{') + 1))
keep still systemctl is-active usewear
keep show systemctl show usewear
keep report usewear report --json --all --state $state
keep modes find $state -printf '%m %u %p\n'

keep remove dpkg --remove usewear
keep stopped systemctl is-active usewear
keep journal journalctl -u usewear -o cat --no-pager
keep kept test -s $state/evidence.db
cp $state/evidence.db /root # left on the disk: too much for a console of 115,200 baud
keep purge dpkg --purge usewear
keep left find /usr /var/lib /etc -name '*usewear*' -not -path '/etc/systemd/system/usewear.service.d*'

cd $out && tar -cz . | base64 >/run/sent
{
    stty -opost
    echo
    echo BEGIN-RESULTS
    cat /run/sent
    echo END-RESULTS
} </dev/ttyS0 >/dev/ttyS0 2>&1
sync
poweroff -ff
