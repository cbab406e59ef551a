#!/usr/bin/env bash
# The world of one page: a file system, a network and processes of its own, which are gone when
# this ends. Is run as the first process of new namespaces.
#
# usage: unshare --mount --net --pid --fork --kill-child namespace.sh FOLDER BINARY REPOSITORY PART...
#        FOLDER has what driver.sh works on, and gets what came of it
set -euo pipefail
here=$(dirname "$(realpath "$0")") folder=$1 binary=$2 repository=$3
shift 3

mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/page /mnt/docs
mount --bind "$folder" /mnt/page
mount --bind "$here" /mnt/docs
cp "$binary" /mnt/autoscaled

# over DIRECTORY PLACE: PLACE shows DIRECTORY, and takes what is written for itself.
layers=0
over() {
    layers=$((layers + 1))
    mkdir -p "/mnt/layer$layers"/{upper,work}
    mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/layer$layers/upper,workdir=/mnt/layer$layers/work" "$2"
}
mkdir /mnt/repository
over "$repository" /mnt/repository
mount -t tmpfs tmpfs /root
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
for directory in /etc /home /opt /srv /usr /var; do
    over $directory $directory
done
mount -o remount,bind,ro /
mount -t proc proc /proc

chmod 1777 /tmp
rm -rf /etc/autoscaled /var/lib/autoscaled /usr/local/bin/autoscaled
mkdir -p /etc/autoscaled /run/autoscaled /var/lib/autoscaled
install -m 0755 /mnt/autoscaled /usr/bin/autoscaled
rm /mnt/autoscaled
getent passwd autoscaled >/dev/null || useradd --system --home-dir /var/lib/autoscaled --no-create-home autoscaled
ip link set lo up
ip address add 10.0.0.1/8 dev lo # and with it every address of that network
ip link add eth0 type veth peer name eth0-end
{
    echo 127.0.0.1 localhost
    for name in autoscaled prometheus alertmanager mail oncall tickets hooks; do
        echo 127.0.0.1 $name.example.jp
    done
    echo 127.0.0.1 gp.api.iij.jp
} >/etc/hosts

# answers COMMAND...: waits until the command succeeds.
answers() {
    local attempt
    for attempt in {1..200}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    echo "namespace.sh: this does not come to succeed: $*" >&2
    find /mnt -maxdepth 1 -name '*.log' -size +0 -exec tail -vn 20 {} + >&2
    return 1
}

keys() {
    printf 'SIMULATEDACCESSKEY01\n' >/etc/autoscaled/gp-access-key
    printf 'simulated-secret-key\n' >/etc/autoscaled/gp-secret-key
    printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHs0kS2q6m0h3y2k1u4r1J3mTt1b0cG0o2m1x2p3q4r5 rehearsal\n' >/etc/autoscaled/id_rsa.pub
    chmod 0600 /etc/autoscaled/{gp-access-key,gp-secret-key}
}

# trust CERTIFICATE: everybody in this world does.
trust() {
    mkdir -p /etc/ssl/certs
    cat "$1" >>/etc/ssl/certs/ca-certificates.crt
}

a_rehearsal() { # CURL-URL
    local url=${1:-http://127.0.0.1:9469} value
    keys
    printf 'a-token-for-whoever-pushes-0123456789\n' >/etc/autoscaled/push-token
    chmod 0600 /etc/autoscaled/push-token
    cat /mnt/docs/worlds/rehearsal.yaml >>/etc/autoscaled/autoscaled.yaml
    install -m 0755 /mnt/docs/worlds/systemctl /usr/local/bin/systemctl
    autoscaled simulator --speed 300 --seed 1 >/mnt/simulator.log 2>&1 &
    answers curl -sf http://127.0.0.1:8013/cloud
    systemctl start autoscaled
    answers curl -sf "$url/readyz"
    for value in web/jobs=10 batch/backlog=150; do
        curl -sfo /dev/null -H "Authorization: Bearer $(cat /etc/autoscaled/push-token)" -d "{\"value\": ${value#*=}}" "$url/v1/push/${value%=*}"
    done
    # The machines of the pool serve, and the group has decided, before the page begins.
    answers sh -c "autoscaled status -o json | jq -e '.groups[] | select(.name == \"web\") | .serving >= 2 and .decision.at'"
}

# Over the network, for alice (admin), bob (operate) and whoever has the token (admin).
a_rehearsal_over_tls() {
    cd /etc/autoscaled
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=autoscaled.example.jp \
        -addext subjectAltName=DNS:autoscaled.example.jp -keyout server.key -out server.pem 2>/dev/null
    trust server.pem
    token=$(autoscaled config token deploy --role admin -o json)
    jq -r .token <<<"$token" >/root/token
    cat >web.yaml <<'END'
tls_server_config: {cert_file: server.pem, key_file: server.key}
basic_auth_users: # a long password
  alice: $2b$04$hf5HJfkKg5DbSPzYtLX4U.vniOxEqYoFTL4mvdDeWt9ZSj92hkSOu
  bob: $2b$04$hf5HJfkKg5DbSPzYtLX4U.vniOxEqYoFTL4mvdDeWt9ZSj92hkSOu
END
    chmod 0600 web.yaml server.key /root/token
    cat >autoscaled.yaml <<END
listen: 0.0.0.0:9469
web:
  config: /etc/autoscaled/web.yaml
  roles: {alice: admin, bob: operate}
  url: https://autoscaled.example.jp:9469
  tokens: [$(jq -c '{name, role, sha256}' <<<"$token")]
END
    a_rehearsal https://autoscaled.example.jp:9469
}

# The simulated cloud in the real one's place, with its ports.
gp_api() {
    keys
    autoscaled simulator --speed 300 --seed 1 --listen gp.api.iij.jp:443 --tls --tls-out /tmp/gp-api.pem --snmp-port 161 --app-port 80 >/mnt/simulator.log 2>&1 &
    answers test -s /tmp/gp-api.pem
    trust /tmp/gp-api.pem
    answers curl -sf https://gp.api.iij.jp/cloud
}

an_installation() {
    install -m 0640 -g autoscaled /mnt/repository/deploy/packages/autoscaled.yaml /etc/autoscaled/autoscaled.yaml
}

an_agent() {
    install -m 0600 /mnt/docs/worlds/snmpd.conf /etc/snmp/snmpd.conf
    rm -f /var/lib/snmp/snmpd.conf
    snmpd -f -Lo -C -c /etc/snmp/snmpd.conf >/mnt/snmpd.log 2>&1 &
    answers snmpget -v2c -c public -t 0.2 -r 0 127.0.0.1 1.3.6.1.2.1.1.3.0
}

prometheus_() {
    printf 'http_requests_total{group="web",job="web"} 42\n' >/tmp/exporter.prom
    prometheus-node-exporter --web.listen-address=:9100 --collector.textfile.directory=/tmp >/mnt/exporter.log 2>&1 &
    prometheus --config.file=/mnt/docs/worlds/prometheus.yml --storage.tsdb.path=/tmp/prometheus --web.listen-address=127.0.0.1:9090 >/mnt/prometheus.log 2>&1 &
    answers sh -c "curl -sf 'http://127.0.0.1:9090/api/v1/query?query=rate(http_requests_total%5B1m%5D)' | jq -e '.data.result | length > 0'"
}

start=/root
for part; do
    case $part in
    nothing) ;;
    'a rehearsal') a_rehearsal ;;
    'a rehearsal over TLS') (a_rehearsal_over_tls) ;;
    'GP-API') gp_api ;;
    'an installation') an_installation ;;
    'an agent') an_agent ;;
    prometheus) prometheus_ ;;
    'the repository')
        mkdir /root/autoscaled
        mount --bind /mnt/repository /root/autoscaled
        start=/root/autoscaled
        ;;
    *)
        echo "namespace.sh: there is no part '$part'" >&2
        exit 1
        ;;
    esac
done

cd "$start"
env -i HOME=/root USER=root LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash /mnt/page/page.sh || status=$?
if [ "${status:-0}" -eq 0 ] && grep -rlF 'BEGIN OPENSSH PRIVATE KEY' /etc/autoscaled >&2; then
    echo "namespace.sh: the page puts a private key to new machines where the daemon is: it needs the public half alone" >&2
    exit 1
fi
if [ "${status:-0}" -ne 0 ]; then
    find /mnt -maxdepth 1 -name '*.log' -size +0 -exec tail -vn 8 {} + >/mnt/page/logs
fi
exit "${status:-0}"
