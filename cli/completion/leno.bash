# bash completion for leno(1). Nodes and options are asked of leno itself, so that
# this file does not grow old.
#
# Any node chooses its own name: what comes from the mesh is never expanded, and only
# names that no shell could take for anything but a word are offered.

# The names of the nodes: the command and the options typed before, see _leno_read.
_leno_nodes() {
	timeout 1 "$1" nodes "${@:2}" --json --timeout 500ms 2>/dev/null |
		sed -n 's/.*"name":"\([A-Za-z0-9_.][A-Za-z0-9_.-]*\)".*/\1/p'
}

# "--option" and "--option=" as the command's own help lists them; -o= for a short one.
_leno_options() {
	"$1" "$2" --help 2>/dev/null |
		sed -n 's/^ *\(-[A-Za-z]\), \(--[a-z-]*\)\(=\{0,1\}\).*/\1\3\n\2\3/p
			s/^ *\(--[a-z][a-z-]*=\{0,1\}\).*/\1/p' | sort -u
}

# Reads the words before the cursor into command, positional (how many words are no
# options), value_of (the option whose value is being typed), and mesh (the options that
# say which mesh is meant). COMP_WORDS would be split at each : and = of them.
_leno_read() {
	local options="" option="" value word words

	read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] || unset "words[-1]"
	for word in "${words[@]:1}"; do
		value=$word
		if [[ -z $option && -n $command && $word == -* ]]; then
			[[ -n $options ]] || options=" $(_leno_options "$1" "$command" | tr '\n' ' ')"
			option=${word%%=*} value=${word#*=}
			[[ $options == *" $option= "* ]] || option=""
			[[ $word == *=* ]] || continue
		elif [[ -z $option ]]; then
			if [[ -n $command ]]; then
				positional=$((positional + 1))
			elif [[ $word != -* ]]; then
				command=$word
			fi
		fi
		case $option in
		--network | --secret-file | --network-key | --connect | --discover | --tls-*)
			mesh+=("$option=${value/#\~\//$HOME/}") ;;
		esac
		option=""
	done
	value_of=$option
	[[ ${COMP_WORDS[COMP_CWORD-1]} != = ]] || value_of=${COMP_WORDS[COMP_CWORD-2]}
}

_leno_offer() {
	local word

	while read -r word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

_leno_offer_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "${1:--f}" -- "$cur")
}

_leno() {
	local command="" positional=0 mesh=() value_of="" cur=${COMP_WORDS[COMP_CWORD]}
	local commands="up nodes map send broadcast request listen ping cp pipe forward group state command stats top serve call services emit on id secret network invite join revoke bench doctor help"

	COMPREPLY=()
	_leno_read "$1"
	if [[ $cur == = ]]; then # --option=VALUE is three words to bash
		cur="" value_of=${COMP_WORDS[COMP_CWORD-1]}
	fi
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
		return
	fi
	case $command:$value_of in
	*:) ;;
	*:--secret-file | *:--identity | *:--certificate-file | *:--network-key | *:--allow-file | *:--tls-c[ear]* | \
		*:--tls-key | *:--config | up:-c | doctor:-c | *:--svg | map:-s | *:--key-file | group:-k) _leno_offer_files; return ;;
	*:--accept-files | *:--share-files | *:--www | *:--state) _leno_offer_files -d; return ;;
	*:--listen | *:--connect | *:--address | invite:-a) _leno_offer <<<$'tcp://\ntls://\nudp://\nws://\nwss://\nhttp://\nhttps://\nany://\nlocal:'; return ;;
	*:--discover) _leno_offer <<<$'local:\nmdns:\nrendezvous:tcp://\nnone'; return ;;
	*:--role | invite:-r) _leno_offer <<<$'member\nendpoint\nobserver'; return ;;
	*:--allow-commands) _leno_offer <<<all; return ;;
	*:--advertise) _leno_offer <<<'tcp://'; return ;;
	*:--root | map:-r | *:--invite | group:-i) _leno_offer < <(_leno_nodes "$1" "${mesh[@]}"); return ;;
	*) return ;;
	esac
	if [[ $cur == -* ]]; then
		_leno_offer < <(_leno_options "$1" "$command" | grep -- ^--)
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		return
	fi
	case $command:$positional in
	send:0 | request:0 | ping:0 | pipe:0 | stats:0 | top:0 | bench:0 | revoke:0)
		_leno_offer < <(_leno_nodes "$1" "${mesh[@]}") ;;
	cp:[01] | forward:1)
		[[ $command == forward ]] || _leno_offer_files
		_leno_offer < <(_leno_nodes "$1" "${mesh[@]}" | sed 's/$/:/')
		[[ ${COMPREPLY[-1]} == *: ]] && compopt -o nospace 2>/dev/null ;;
	command:0) _leno_offer < <(_leno_nodes "$1" "${mesh[@]}"; echo all) ;;
	command:1) _leno_offer <<<stop ;;
	state:0) _leno_offer <<<$'get\nset\ndelete\nadd\nwatch\ndump' ;;
	help:0) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
	secret:0 | network:0) _leno_offer_files ;;
	esac
}

complete -F _leno leno
