# fish completion for leno(1).

# The options typed so far that say which mesh is meant.
function __leno_mesh
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case '--network=*' '--secret-file=*' '--network-key=*' '--connect=*' '--discover=*' '--tls-*=*'
                echo -- (string replace -r '=~/' "=$HOME/" -- $words[$i])
            case --network --secret-file --network-key --connect --discover --tls-ca --tls-cert --tls-key
                set -l next (math $i + 1)
                test $next -le (count $words)
                and echo -- $words[$i]=(string replace -r '^~/' "$HOME/" -- $words[$next])
        end
    end
end

# Any node chooses its own name: only those are offered that no shell could take for
# anything but a word.
function __leno_nodes
    timeout 1 leno nodes (__leno_mesh) --json --timeout 500ms 2>/dev/null |
        sed -n 's/.*"name":"\([A-Za-z0-9_.][A-Za-z0-9_.-]*\)".*/\1/p'
end

# Is the command one of argv[2..], and does the cursor stand at its argv[1]th word? The
# value of an option that stands apart from it counts as no word.
function __leno_word_is
    set -l valued --network --name --secret-file --identity --connect --discover --proxy --heartbeat \
        --tls-cert --tls-key --tls-ca --tls-crl \
        --listen --label --advertise --accept-files --share-files --allow-forward --share --share-memory --state --www --ws-origin \
        --config --user --metrics \
        --certificate-file --network-key --allow --allow-file --allow-commands --on-command --uses --expires --lifetime --role --for --address -u -l -f -a \
        --timeout --reply --reply-timeout --count --interval --workers --waiting --service-version --line --at --with --svg --root \
        --each -r -t -n -c -i -s -e
    set -l words
    set -l skip no
    for word in (commandline -opc)
        if test $skip = yes
            set skip no
        else if string match -q -- '-*' $word
            contains -- $word $valued; and set skip yes
        else
            set -a words $word
        end
    end
    test $skip = no -a (count $words) -eq $argv[1]; and contains -- $words[2] $argv[2..-1]
end

set -l commands up nodes map send broadcast request listen ping cp pipe forward group state command stats top serve call services emit on id secret network invite join revoke bench doctor help
set -l asking nodes map send broadcast request ping cp pipe forward state command stats top call services emit join revoke bench doctor

complete -c leno -f
complete -c leno -n __fish_use_subcommand -l help -d 'the overview'
complete -c leno -n __fish_use_subcommand -l version -d 'the version'
complete -c leno -n __fish_use_subcommand -a up -d 'a node that stays'
complete -c leno -n __fish_use_subcommand -a nodes -d 'who is there'
complete -c leno -n __fish_use_subcommand -a map -d 'the mesh as a picture'
complete -c leno -n __fish_use_subcommand -a send -d 'one message to one node'
complete -c leno -n __fish_use_subcommand -a broadcast -d 'one message to every node'
complete -c leno -n __fish_use_subcommand -a request -d 'ask a node, print its reply'
complete -c leno -n __fish_use_subcommand -a listen -d 'print what arrives, and reply'
complete -c leno -n __fish_use_subcommand -a ping -d 'round trips to a node'
complete -c leno -n __fish_use_subcommand -a cp -d 'a file to a node, or from it'
complete -c leno -n __fish_use_subcommand -a pipe -d 'input to the output of another, and back'
complete -c leno -n __fish_use_subcommand -a forward -d 'a port here that leads to one there'
complete -c leno -n __fish_use_subcommand -a group -d 'lines to all who have the same key'
complete -c leno -n __fish_use_subcommand -a state -d 'maps that nodes share'
complete -c leno -n __fish_use_subcommand -a stats -d 'what a node has counted'
complete -c leno -n __fish_use_subcommand -a top -d 'the same, live'
complete -c leno -n __fish_use_subcommand -a serve -d 'a program as a service'
complete -c leno -n __fish_use_subcommand -a call -d 'a method of a service'
complete -c leno -n __fish_use_subcommand -a services -d 'who offers what'
complete -c leno -n __fish_use_subcommand -a emit -d 'an event, to all who want to hear it'
complete -c leno -n __fish_use_subcommand -a on -d 'the events that match'
complete -c leno -n __fish_use_subcommand -a id -d 'the id of an identity file'
complete -c leno -n __fish_use_subcommand -a secret -d 'make a secret file'
complete -c leno -n __fish_use_subcommand -a network -d 'make the key of a network'
complete -c leno -n __fish_use_subcommand -a invite -d 'let somebody into it'
complete -c leno -n __fish_use_subcommand -a join -d 'use an invitation'
complete -c leno -n __fish_use_subcommand -a revoke -d 'shut a node out of it'
complete -c leno -n __fish_use_subcommand -a bench -d 'measure this machine, or this mesh'
complete -c leno -n __fish_use_subcommand -a doctor -d 'what would stop two machines from meeting'
complete -c leno -n __fish_use_subcommand -a help -d 'all about one command'

complete -c leno -n '__leno_word_is 2 send request ping pipe stats top revoke bench' -a '(__leno_nodes)'
complete -c leno -n '__fish_seen_subcommand_from cp' -F -a '(__leno_nodes | string replace -r \$ :)'
complete -c leno -n '__leno_word_is 3 forward' -a '(__leno_nodes | string replace -r \$ :)'
complete -c leno -n '__leno_word_is 2 help' -a "$commands"
complete -c leno -n '__leno_word_is 2 secret network' -F

set -l any "__fish_seen_subcommand_from $commands"
complete -c leno -n $any -l network -x -d 'which mesh'
complete -c leno -n $any -l name -x -d 'what others call this node'
complete -c leno -n $any -l secret-file -r -F -d 'what members have in common'
complete -c leno -n $any -l identity -r -F -d 'keys that outlive the process'
complete -c leno -n $any -l certificate-file -r -F -d 'what lets these keys in'
complete -c leno -n $any -l network-key -r -F -d 'the key of the network'
complete -c leno -n $any -l tls-cert -r -F -d 'what is shown within TLS'
complete -c leno -n $any -l tls-key -r -F -d 'its key'
complete -c leno -n $any -l tls-ca -r -F -d 'whom TLS believes'
complete -c leno -n $any -l tls-crl -r -F -d 'certificates that were revoked'
complete -c leno -n $any -l connect -x -a 'tcp:// tls:// udp:// ws:// wss:// http:// https://' -d 'join through this address'
complete -c leno -n $any -l discover -x -a 'local: mdns: rendezvous:tcp:// none' -d 'how others are found'
complete -c leno -n $any -l proxy -x -d 'dial through this HTTP proxy'
complete -c leno -n $any -l endpoint -d 'relay for this machine alone'
complete -c leno -n $any -l anonymous -d 'listen beyond loopback without a secret'
complete -c leno -n $any -l heartbeat -x -d 'milliseconds between them'
complete -c leno -n $any -l json -d 'one JSON object a line'
complete -c leno -n $any -s v -l verbose -d 'say what happens'
complete -c leno -n $any -l help -d 'all about this command'

set -l member '__fish_seen_subcommand_from up listen serve on doctor'
complete -c leno -n $member -l listen -x -a 'tcp://127.0.0.1:0 udp://127.0.0.1:0' -d 'let others in'
complete -c leno -n $member -l tls-clients -d 'who dials tls:// needs a certificate'
complete -c leno -n $member -l label -x -d 'KEY=VALUE, for the mesh to see'
complete -c leno -n $member -l advertise -x -a tcp:// -d 'where else others reach this node'
complete -c leno -n $member -l no-direct -d 'no links by itself, no word of where it is'
complete -c leno -n $member -l rendezvous -d 'a meeting point for any network'
complete -c leno -n $member -l observer -d 'relay for nobody'
complete -c leno -n $member -l allow -x -d 'an id that is let in'
complete -c leno -n $member -l allow-file -r -F -d 'ids that are let in'
complete -c leno -n $member -l allow-commands -x -a all -d 'who may tell this node what to do'

complete -c leno -n '__fish_seen_subcommand_from up doctor' -s c -l config -r -F -d 'the configuration file'
complete -c leno -n '__fish_seen_subcommand_from up' -l user -x -a '(__fish_complete_users)' -d 'become NAME[:GROUP] once ports are bound'
complete -c leno -n '__fish_seen_subcommand_from up' -l accept-files -x -a '(__fish_complete_directories)' -d 'members may put files there'
complete -c leno -n '__fish_seen_subcommand_from up' -l share-files -x -a '(__fish_complete_directories)' -d 'members may read files there'
complete -c leno -n '__fish_seen_subcommand_from up' -l on-command -x -d 'WORD=PROGRAM, run when it is said'
complete -c leno -n '__fish_seen_subcommand_from up' -l share -x -d 'a map to share'
complete -c leno -n '__fish_seen_subcommand_from up' -l share-memory -x -d 'MiB for each map'
complete -c leno -n '__fish_seen_subcommand_from up' -l state -x -a '(__fish_complete_directories)' -d 'keep maps there'
complete -c leno -n '__leno_word_is 2 state' -a 'get set delete add watch dump'
complete -c leno -n '__fish_seen_subcommand_from state' -l per-node -d 'each node has values of its own'
complete -c leno -n '__fish_seen_subcommand_from up' -l allow-forward -x -d 'HOST:PORT for members to connect to'
complete -c leno -n '__fish_seen_subcommand_from up' -l www -x -a '(__fish_complete_directories)' -d 'serve its files over HTTP'
complete -c leno -n '__fish_seen_subcommand_from up' -l web -d 'serve the dashboard'
complete -c leno -n '__fish_seen_subcommand_from up' -l ws-origin -x -d 'let its pages join by WebSocket'

complete -c leno -n "__fish_seen_subcommand_from $asking" -l timeout -x -d seconds
complete -c leno -n '__fish_seen_subcommand_from send request cp pipe forward call command' -l wait -d 'wait for NODE'
complete -c leno -n '__fish_seen_subcommand_from cp' -s f -l force -d 'replace a file that exists'
complete -c leno -n '__fish_seen_subcommand_from pipe' -s l -l listen -d 'wait for the other'
complete -c leno -n '__fish_seen_subcommand_from group' -s k -l key-file -r -F -d 'the key is in its first line'
complete -c leno -n '__fish_seen_subcommand_from group' -s i -l invite -x -a '(__leno_nodes)' -d 'ask this node in'
complete -c leno -n '__fish_seen_subcommand_from group' -s n -l note -x -d 'what the invitation says'
complete -c leno -n '__fish_seen_subcommand_from group' -s a -l accept -x -d 'wait for such a note'
complete -c leno -n '__fish_seen_subcommand_from group' -s t -l type -x -d 'of what is sent'
complete -c leno -n '__fish_seen_subcommand_from group' -s l -l listen -d 'only print what is said'
complete -c leno -n '__fish_seen_subcommand_from send' -s l -l lines -d 'a message a line'
complete -c leno -n '__fish_seen_subcommand_from listen' -s r -l reply -x -d 'run for each request'
complete -c leno -n '__fish_seen_subcommand_from listen' -s t -l reply-timeout -x -d seconds
complete -c leno -n '__fish_seen_subcommand_from listen' -s R -l raw -d 'the data alone'
complete -c leno -n '__fish_seen_subcommand_from listen' -s n -l count -x -d 'end after this many'
complete -c leno -n '__fish_seen_subcommand_from serve' -s w -l workers -x -d 'programs at once'
complete -c leno -n '__fish_seen_subcommand_from serve' -s W -l waiting -x -d 'calls that wait'
complete -c leno -n '__fish_seen_subcommand_from serve' -s t -l reply-timeout -x -d seconds
complete -c leno -n '__fish_seen_subcommand_from serve' -s l -l line -x -d 'what it takes and gives'
complete -c leno -n '__fish_seen_subcommand_from serve call' -s S -l service-version -x -d version
complete -c leno -n '__fish_seen_subcommand_from call' -s a -l at -x -a '(__leno_nodes)' -d 'at this node alone'
complete -c leno -n '__fish_seen_subcommand_from call' -s L -l with -x -d 'with this label'
complete -c leno -n '__fish_seen_subcommand_from call serve' -s p -l progress -d 'what it says on the way'
complete -c leno -n '__fish_seen_subcommand_from call serve' -s s -l stream -d 'input and output are a stream'
complete -c leno -n '__fish_seen_subcommand_from services' -s w -l watch -d 'go on'
complete -c leno -n '__fish_seen_subcommand_from services' -s d -l describe -d 'methods and events'
complete -c leno -n '__fish_seen_subcommand_from on' -s n -l count -x -d 'end after this many'
complete -c leno -n '__fish_seen_subcommand_from ping' -s c -l count -x -d 'how many'
complete -c leno -n '__fish_seen_subcommand_from ping' -s i -l interval -x -d seconds
complete -c leno -n '__fish_seen_subcommand_from up' -s m -l metrics -x -a 127.0.0.1:9464 -d 'for Prometheus'
complete -c leno -n '__fish_seen_subcommand_from stats' -s w -l watch -d 'go on'
complete -c leno -n '__fish_seen_subcommand_from stats top' -s i -l interval -x -d seconds
complete -c leno -n '__fish_seen_subcommand_from nodes' -s w -l watch -d 'go on'
complete -c leno -n '__fish_seen_subcommand_from nodes' -s l -l long -d 'ids in full'
complete -c leno -n '__fish_seen_subcommand_from nodes' -s s -l status -d 'ask each how it is'
complete -c leno -n '__leno_word_is 2 command' -a '(__leno_nodes) all'
complete -c leno -n '__leno_word_is 3 command' -a stop
complete -c leno -n '__fish_seen_subcommand_from map' -s d -l dot -d 'as DOT'
complete -c leno -n '__fish_seen_subcommand_from map' -s s -l svg -r -F -d 'as an SVG picture'
complete -c leno -n '__fish_seen_subcommand_from map' -s r -l root -x -a '(__leno_nodes)' -d 'grow from'
complete -c leno -n '__fish_seen_subcommand_from map' -s a -l ascii -d 'ASCII alone'
complete -c leno -n '__fish_seen_subcommand_from id' -s c -l create -d 'make it if it is missing'
complete -c leno -n '__fish_seen_subcommand_from bench' -s m -l mesh -d 'to every node'
complete -c leno -n '__fish_seen_subcommand_from bench' -s e -l each -x -d seconds
complete -c leno -n '__fish_seen_subcommand_from invite' -s u -l uses -x -d 'how many it lets in'
complete -c leno -n '__fish_seen_subcommand_from invite' -s e -l expires -x -a '1h 24h 7d never' -d 'how long it is good for'
complete -c leno -n '__fish_seen_subcommand_from invite' -s l -l lifetime -x -a '90d never' -d 'how long they may stay'
complete -c leno -n '__fish_seen_subcommand_from invite' -s r -l role -x -a 'member endpoint observer' -d 'as what'
complete -c leno -n '__fish_seen_subcommand_from invite' -s f -l for -x -d 'whom it is meant for'
complete -c leno -n '__fish_seen_subcommand_from invite' -s a -l address -x -a tcp:// -d 'where the network is'
complete -c leno -n '__fish_seen_subcommand_from invite' -l no-qr -d 'the link alone'
