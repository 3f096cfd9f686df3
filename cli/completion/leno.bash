# bash completion for leno(1). Nodes and options are asked of leno itself, so that
# this file does not grow old.

_leno_nodes() {
	timeout 1 "${1:-leno}" nodes --json --timeout 500ms 2>/dev/null |
		sed -n 's/.*"name":"\([^"]\{1,\}\)".*/\1/p'
}

# "--option" and "--option=" as the command's own help lists them.
_leno_options() {
	"${1:-leno}" "$2" --help 2>/dev/null |
		grep -oE -- '--[a-z][a-z-]*=?' | sort -u
}

_leno() {
	local command="" word i cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local commands="up nodes map send broadcast request listen ping cp pipe forward id secret bench help"
	local positional=0

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		[[ $word == -* ]] && continue
		if [[ -z $command ]]; then
			command=$word
		else
			positional=$((positional + 1))
		fi
	done
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
		return
	fi
	case $prev in
	--secret-file | --identity | --svg)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--accept-files | --share-files)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return ;;
	--discover)
		mapfile -t COMPREPLY < <(compgen -W "local: none" -- "$cur")
		return ;;
	--listen | --connect)
		mapfile -t COMPREPLY < <(compgen -W "tcp:// local:" -- "$cur")
		return ;;
	--root)
		mapfile -t COMPREPLY < <(compgen -W "$(_leno_nodes "$1")" -- "$cur")
		return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_leno_options "$1" "$command")" -- "$cur")
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		return
	fi
	case $command:$positional in
	send:0 | request:0 | ping:0 | bench:0 | pipe:0)
		mapfile -t COMPREPLY < <(compgen -W "$(_leno_nodes "$1")" -- "$cur") ;;
	cp:[01] | forward:1)
		mapfile -t COMPREPLY < <(compgen -W "$(_leno_nodes "$1" | sed 's/$/:/')" -- "$cur"
			[[ $command == cp ]] && compgen -f -- "$cur")
		[[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace ;;
	help:0)
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
	secret:0)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}

complete -F _leno leno
