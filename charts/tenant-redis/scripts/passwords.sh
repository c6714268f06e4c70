# shellcheck shell=sh
# What start.sh and start-sentinel.sh know of passwords.

# plain WHICH PASSWORD: refuses one that Redis would read from its file as another one than
# everybody else has, which nobody could repair, or print with a line that it cannot read.
plain() {
	case $2 in '' | *[[:space:]\"\']*)
		echo "${0##*/}: the password $1 is empty, or has white space, a line break at its end or quotes, which Redis cannot have: make its Secret again without, for example with printf instead of echo" >&2
		return 1
		;;
	esac
}

# content FILE: sets $content to all of it, with the line breaks at its end.
content() {
	content=$(cat "$1" && echo .) && content=${content%.}
}

# hashes FILE: #SHA256 of the password in the file, and of those that come before and after
# it while it changes, whose files begin with previous- and next-. Nothing without a file.
hashes() {
	for file in "$1" "${1%/*}/previous-${1##*/}" "${1%/*}/next-${1##*/}"; do
		[ -f "$file" ] || continue
		content "$file" && plain "${file##*/}" "$content" || return
		echo "#$(printf %s "$content" | sha256sum | cut -c 1-64)"
	done
}
