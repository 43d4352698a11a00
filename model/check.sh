#!/bin/bash
# check.sh: searches the models of the send protocol to the end. Without arguments: every configuration with all rules, which must hold, and
# every rule taken away, which must be violated. Exit 0 when all of it came out so.
#   check.sh trace MODEL "FLAGS"    the shortest way to a violation, step by step, e.g. check.sh trace lease "-DEPOCH=0"
# Each search may take LIMIT seconds (100) and MEM megabytes (2000); two run at a time. Docs: docs/protocol.md
set -u
cd "$(dirname "$0")" || exit 2
for tool in spin gcc; do
  command -v $tool >/dev/null || { echo "$tool is missing: on Debian and Ubuntu, apt-get install spin gcc"; exit 2; }
done
export LIMIT=${LIMIT:-100} MEM=${MEM:-2000} HERE=$PWD
WORK=$(mktemp -d)
export WORK
trap 'rm -rf "$WORK"' EXIT

# search DIR MODEL FLAGS [gcc flags]: "holds N states", "violated", or what went wrong
search() {
  mkdir -p "$1" && cp "$HERE/$2.pml" "$1/model.pml" && cd "$1" || return
  # shellcheck disable=SC2086
  { spin -a $3 model.pml && gcc -O2 -w -DSAFETY -DCOLLAPSE -DNOFAIR -DMEMLIM="$MEM" -DVECTORSZ=1024 ${4:-} -o pan pan.c; } >build.log 2>&1 ||
    { echo "does not compile: $(head -n 1 build.log)"; return; }
  local out
  out=$(timeout "$LIMIT" ./pan -E -m200000 -w24 2>&1) || { echo "not finished in $LIMIT s"; return; }
  case $out in
    *"search depth too small"* | *"memory"*"exceeded"* | *"out of memory"*) echo "not finished: too large" ;;
    *"errors: 0"*) echo "holds $(grep -o '[0-9.e+]* states, stored' <<<"$out" | cut -d' ' -f1) states" ;;
    *) echo "violated" ;;
  esac
}

# one LINE NUMBER: searches, and says whether it came out as expected
one() {
  local expected model flags found
  IFS='|' read -r expected model flags <<<"$1"
  found=$(search "$WORK/$2" $model "$flags")
  rm -rf "${WORK:?}/$2"
  case $found in "$expected"*) verdict="ok " ;; *) verdict="NOT" ;; esac
  printf '%s %-8s%-62s %s\n' "$verdict" $model "$flags" "$found" | tee -a "$WORK/result"
}
export -f search one

if [[ ${1:-} == trace ]]; then
  [[ $# -ge 2 ]] || { sed -n 4p check.sh; exit 2; }
  search "$WORK/trace" "$2" "${3:-}" -DBFS
  cd "$WORK/trace" && [[ -e model.pml.trail ]] || exit 0
  # shellcheck disable=SC2086
  spin -t ${3:-} model.pml | sed 's/^ *//' | grep -Ev '^$|^#proc|^spin: trail|proc +[0-9]| = |processes'
  exit
fi

# all rules                     then: one rule less, with the promise that it breaks (the bits of PROP are named in the models)
i=0
while read -r line; do
  [[ -z $line || $line == \#* ]] || printf '%s\0%s\0' "$line" $((++i))
done <<'LIST' | xargs -0 -P2 -n2 bash -c 'one "$0" "$1"'
holds|lease|-DCRASHES=0
holds|lease|-DCRASHES=0 -DREFUSALS=0 -DLOSSES=1
holds|lease|-DTICKS=4 -DREFUSALS=0
holds|lease|-DTICKS=0 -DAT_ONCE=1
holds|lease|-DTICKS=4 -DCRASHES=0 -DREFUSALS=0 -DMETA_LATE=1 -DPROP=21
holds|lease|-DTICKS=4 -DCRASHES=0 -DREFUSALS=0 -DAPART=1
violated|lease|-DCRASHES=0 -DREFUSALS=0 -DLEASE=0 -DPROP=4
violated|lease|-DTICKS=7 -DCRASHES=0 -DREFUSALS=0 -DJUDGE=0 -DPROP=4
violated|lease|-DCRASHES=0 -DREFUSALS=0 -DANEW=0 -DPROP=4
violated|lease|-DCRASHES=0 -DREFUSALS=0 -DEPOCH=0 -DPROP=4
violated|lease|-DCRASHES=0 -DREFUSALS=0 -DAPART=1 -DSOCKET=0 -DPROP=4
violated|lease|-DREFUSALS=0 -DCOND=0 -DPROP=4
violated|lease|-DCRASHES=0 -DREFUSALS=0 -DLOSSES=1 -DREGRANT=0 -DPROP=16
violated|lease|-DTICKS=3 -DREFUSALS=0 -DSWEEP=0 -DPROP=16
violated|lease|-DCRASHES=0 -DREFUSALS=0 -DATWORK=0 -DPROP=1
violated|lease|-DTICKS=0 -DCRASHES=0 -DHEAD=0 -DPROP=2
violated|lease|-DTICKS=0 -DREFUSALS=0 -DAT_ONCE=1 -DONE=0 -DPROP=8
violated|lease|-DTICKS=0 -DCRASHES=0 -DAT_ONCE=1 -DBUSY=0 -DPROP=8
violated|lease|-DTICKS=3 -DREFUSALS=0 -DWIRE_END=0 -DPROP=2
violated|lease|-DCRASHES=0 -DLATE_NO=0 -DPROP=2
# what remains: a sleeper's one call; Meta takes a call that we have given up
violated|lease|-DCRASHES=0 -DREFUSALS=0 -DPROP=32
violated|lease|-DTICKS=0 -DCRASHES=0 -DMETA_LATE=1 -DPROP=2

holds|commit|
violated|commit|-DVOID=0 -DPROP=1
violated|commit|-DLOOK=0 -DPROP=2
violated|commit|-DANEW=0 -DPROP=2
violated|commit|-DAFTER=0 -DPROP=2
violated|commit|-DKEY=0 -DPROP=4

holds|outcome|
holds|outcome|-DRESEND=1
holds|outcome|-DOWED=1
holds|outcome|-DOWED=1 -DRESEND=1
holds|outcome|-DLIES=1
holds|outcome|-DLIES=2 -DRESEND=1
holds|outcome|-DLIES=1 -DOWED=1
holds|outcome|-DLIES=1 -DSTRICT=1 -DPROP=31
violated|outcome|-DUNSURE=0 -DPROP=1
violated|outcome|-DOPEN_ONLY=0 -DPROP=4
violated|outcome|-DRESEND=1 -DENDED=0 -DPROP=1
violated|outcome|-DRESEND=1 -DEVIDENCE=0 -DPROP=1
violated|outcome|-DRESEND=1 -DLATER=0 -DPROP=1
violated|outcome|-DRESEND=1 -DGAP=0 -DPROP=1
violated|outcome|-DECHO=0 -DPROP=4
violated|outcome|-DLIES=1 -DSERVER_NO=0 -DPROP=2
violated|outcome|-DLIES=1 -DLEFT=0 -DPROP=2
violated|outcome|-DLIES=1 -DYIELD=0 -DPROP=4
violated|outcome|-DIN_QUEUE=0 -DPROP=2
violated|outcome|-DOWED=1 -DDEADLINE=0 -DPROP=8
# what remains: Meta says no and sends all the same; under `resend`, Meta tells the first late or takes it late
violated|outcome|-DLIES=1 -DPROP=16
violated|outcome|-DRESEND=1 -DTOLD_IN_ORDER=0 -DPROP=1
violated|outcome|-DRESEND=1 -DTAKEN_IN_TIME=0 -DPROP=1
LIST
echo
echo "$(grep -c '^ok' "$WORK/result") as they must be, $(grep -vc '^ok' "$WORK/result") not"
! grep -q '^NOT' "$WORK/result"
