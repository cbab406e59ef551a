# Runs the blocks of one page in this shell, one after the other, until one fails. The page's script
# sources it. Of the block at line N, N.sh has the commands, each at its line of
# the page, N.out gets what they print, and `failure` what went wrong: line, exit status and what it was.
set -eEuo pipefail
__page=/mnt/page
trap '__failed "$?" "$LINENO" ""' ERR
trap '__ended "$?"' EXIT

__failed() { # STATUS LINE WHAT; what is empty for the command on that line
    trap - ERR
    printf '%s\n%s\n%s\n' "$2" "$1" "$3" >$__page/failure
}

__ended() { # STATUS
    [ "$1" -eq 0 ] || [ -e $__page/failure ] || __failed "$1" "$__line" "the block"
}

__run() { # LINE
    __line=$1
    source $__page/$1.sh >$__page/$1.out 2>&1 </dev/null
}

# Repeats a block until it shows the text, for a minute at most.
__until() { # LINE TEXT
    __line=$1
    local deadline=$((SECONDS + 60)) status
    while :; do
        rm -f $__page/failure
        (source $__page/$1.sh) >$__page/$1.out 2>&1 </dev/null &
        status=0
        wait $! || status=$?
        if [ $status -eq 0 ] && grep -qF -- "$2" $__page/$1.out; then
            rm -f $__page/failure
            return
        fi
        [ $SECONDS -lt $deadline ] || break
        sleep 0.2
    done
    [ -e $__page/failure ] || __failed 0 "$1" "the block, which never showed: $2"
    exit 1
}

# Lets a block run for some seconds, and interrupts it, as its reader does.
__stopped() { # LINE SECONDS
    __line=$1
    local status=0 pid
    set -m
    (
        trap - ERR EXIT
        source $__page/$1.sh
    ) >$__page/$1.out 2>&1 </dev/null &
    pid=$!
    set +m
    sleep "$2"
    if kill -INT -- -$pid 2>/dev/null; then
        (sleep 10 && kill -KILL -- -$pid) &
        wait $pid || status=$?
        kill $! 2>/dev/null || true
        [ $status -ne 130 ] || status=0
    else
        wait $pid || status=$?
    fi
    [ $status -eq 0 ] || __failed $status "$1" "the block, which was interrupted after $2 s"
    [ -s $__page/$1.out ] || __failed $status "$1" "the block, which printed nothing in $2 s"
    [ ! -e $__page/failure ] || exit 1
}

# Writes a file that the page shows.
__file() { # LINE PATH MODE
    __line=$1
    local path=$2
    [ "${path#\~/}" = "$path" ] || path=$HOME/${path#\~/}
    mkdir -p "$(dirname "$path")"
    cp "$__page/$1.file" "$path"
    chmod "$3" "$path"
}

# Waits until what was just put into the background listens, and has nothing more to listen at; or until it has
# ended, or shows to be a shell. Always succeeds.
__settle() {
    local pid=$! attempt before='' now same=0
    for attempt in {1..100}; do
        sleep 0.1
        [ -e /proc/$pid/exe ] && [ "$(readlink /proc/$pid/exe)" != "$(readlink /proc/$$/exe)" ] || return 0
        now=$(ss -Haltunxp | grep -E 'LISTEN|UNCONN' | grep -F ",pid=$pid," || true)
        if [ -n "$now" ] && [ "$now" = "$before" ]; then same=$((same + 1)); else same=0; fi
        [ $same -lt 3 ] || return 0
        before=$now
    done
}
