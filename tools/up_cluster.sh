# The part of tools/up for a cluster of several nodes; sourced by it, with its functions and variables. `sett up` runs etcd and the
# nodes; all nodes are given the same chain and agree among themselves on who reads it.
#
# The chain stands still until the cluster is whole, so that every slot after that belongs in the figures of whoever leads the
# token's shard then: the sum over the nodes has to be what the chain produced, whatever happened to the nodes meanwhile.

# any WORDS...: asks the first node that answers.
any() {
  local i out code
  for ((i = 1; i <= nodes; i++)); do
    code=0
    out=$("$bin/sett" --socket "$(socket_of $i)" "$@" 2>"$folder/ask.err") || code=$?
    if [ $code != 3 ] && [ $code != 1 ]; then
      printf '%s\n' "$out"
      return 0
    fi
  done
  cat "$folder/ask.err" >&2
  return 1
}
cluster_whole() {
  local s
  kill -0 "$settd_pid" 2>/dev/null || give_up_cluster "the cluster ended"
  s=$(any cluster status -o json 2>/dev/null) || return 1
  [ "$(field nodes <<<"$s")" = "$nodes" ] && grep -q '"healthy":true' <<<"$s"
}
give_up_cluster() {
  tail -5 "$folder/settd.err" "$folder/settd.out" >&2 || true
  give_up "$1"
}
# The tokens of all nodes; sum FIELD: over the answer on standard input.
all_tokens() { any token ls --limit 100000 -o json; }
sum() { { grep -o "\"$1\":[0-9]*" || true; } | awk -F: '{ n += $2 } END { printf "%d", n }'; }
# A node that does not read the chain itself says "calls only".
readers_ready() {
  local i live=0
  for ((i = 1; i <= nodes; i++)); do
    if "$bin/sett" --socket "$(socket_of $i)" endpoint ls -o json 2>/dev/null | grep -q '"state":"live"'; then live=$((live + 1)); fi
  done
  [ $live -ge 2 ]
}
complete_to() { any status -o json | field complete_to; }
show_cluster() {
  if [ $terminal = 1 ]; then
    local page
    page=$(any --colour always cluster status || true)
    page+=$'\n\n'$(any --colour always node ls || true)
    page+=$'\n\n'$(any --colour always token ls --limit 15 || true)
    page+=$'\n\n'"Ctrl-C stops everything. Meanwhile, elsewhere:  SETT_SOCKET=$SETT_SOCKET $bin/sett node ls"
    page+=$'\n'$(tail -3 "$folder/settd.out" || true)
    printf '\033[H%s\033[J\n' "${page//$'\n'/$'\033[K\n'}"
  else
    local c
    c=$(any cluster status -o json || true)
    printf 'slot %s  tokens %s  nodes %s (%s down)  shards %s (%s without leader, %s under-replicated)\n' "$(complete_to || true)" \
      "$(all_tokens | grep -o '"mint":' | wc -l)" "$(field nodes <<<"$c")" "$(field nodes_down <<<"$c")" "$(field shards <<<"$c")" \
      "$(field shards_without_leader <<<"$c")" "$(field shards_under_replicated <<<"$c")"
  fi
}

first=0
if [ -n "$simnet_pid" ]; then
  # Behind the chain's first slots: the very first one has no parent that a node could begin behind.
  has_history() {
    local s
    s=$(admin GET /admin/status)
    [ $(($(field confirmed <<<"$s") - $(field first_available <<<"$s"))) -ge 3 ]
  }
  wait_for 60 has_history || give_up "simnet makes no slots"
  admin POST /admin/pause >/dev/null
  first=$(admin GET /admin/status | field confirmed)
fi
"$bin/sett" up --nodes "$nodes" --dir "$folder/cluster" -- --environment $environment >"$folder/settd.out" 2>"$folder/settd.err" &
settd_pid=$!
wait_for 90 cluster_whole || give_up_cluster "the cluster does not get whole"
echo "Sett runs: $nodes nodes and an etcd under process $settd_pid${simnet_pid:+, simulated chain $simnet_pid}. Ctrl-C stops it."
grep -E ' n[0-9]+ started| etcd started' "$folder/settd.out" | sed -e 's/^/  /'
if [ -n "$simnet_pid" ]; then
  # Two nodes read the chain; they are subscribed before the first slot of the figures.
  wait_for 60 readers_ready || give_up_cluster "no node reads the chain"
  admin POST /admin/resume >/dev/null
fi

[ $terminal = 0 ] || printf '\033[2J'
end=$((SECONDS + seconds))
while [ "$seconds" = 0 ] || [ $SECONDS -lt $end ]; do
  kill -0 "$settd_pid" 2>/dev/null || give_up_cluster "the cluster ended"
  [ -z "$simnet_pid" ] || kill -0 "$simnet_pid" 2>/dev/null || give_up "simnet ended"
  show_cluster
  sleep 1
done

# --- the summary: what the nodes' tokens say together, and what the chain says --------------------------------------------------
if [ -z "$simnet_pid" ]; then
  echo
  any cluster status || true
  exit 0
fi
admin POST /admin/pause >/dev/null
last=$(admin GET /admin/status | field confirmed)
wait_for 60 cluster_whole || give_up_cluster "the cluster does not get whole again"
caught_up() { [ "$(complete_to)" = "$last" ]; }
wait_for 30 caught_up || give_up_cluster "the nodes stand at $(complete_to), the chain at $last"
quiet() {
  local before
  before=$(all_tokens | sum trades)
  sleep 1.2
  [ "$before" = "$(all_tokens | sum trades)" ]
}
wait_for 30 quiet || give_up_cluster "the nodes do not come to rest"
behind_first=$(admin GET "/admin/ledger?through=$first")
behind_last=$(admin GET "/admin/ledger?through=$last")
wanted=$(($(field trades <<<"$behind_last") - $(field trades <<<"$behind_first")))
tokens=$(all_tokens)
found=$(sum trades <<<"$tokens")
echo
printf '%-32s %12s %12s\n' "slots $((first + 1)) to $last" "the chain" "the nodes"
for ((i = 1; i <= nodes; i++)); do
  own=$("$bin/sett" --socket "$(socket_of $i)" --timeout-ms 20000 status -o json 2>/dev/null || true)
  printf '%-32s %12s %12s   leads %s shards\n' "tokens that live on n$i" "" "$(field tokens_live <<<"$own")" \
    "$(any node show "n$i" -o json | field leads)"
done
printf '%-32s %12s %12s\n' "tokens of all nodes" "" "$({ grep -o '"mint":' <<<"$tokens" || true; } | wc -l)"
verdict=equal
[ "$wanted" = "$found" ] || verdict=DIFFERENT
if [ ${#recordings[@]} != 0 ]; then
  # A recorded swap may trade two tokens, and what one token traded counts once for each of them.
  printf '%-32s %12s %12s   not compared\n' "trades of all tokens" "" "$found"
  exit 0
fi
printf '%-32s %12s %12s   %s\n' "trades of all tokens" "$wanted" "$found" "$verdict"
[ $verdict = equal ] || give_up "the figures differ"
echo "all figures agree"
exit 0
