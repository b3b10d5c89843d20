#!/bin/sh
# detektor-kocky.sh -- git pre-commit hook that keeps the cat out of the repository
#
#   ln -s ~/bin/detektor-kocky.sh .git/hooks/pre-commit
#
# A human rarely types the same character twelve times in a row, or a commit at 4 a.m.
# that contains only the bottom row of the keyboard.
#
# venda, 2020-04-02
# 2020-04-09  the cat now stops after eleven characters. Limit lowered to eight.
# 2020-04-11  the limit rejects "--------" in Markdown. Dashes are allowed.
# 2020-04-16  the cat uses dashes.
# 2022-11-21  disabled for 5-rust/: her patches there have a better success rate than mine

limit=8
hour=$(date +%H)

if git diff --cached --name-only | grep -q '^5-rust/'; then
    exit 0
fi

if git diff --cached -U0 | grep '^+' | grep -v '^+++' | grep -Eq "([^-=# ])\1{$limit,}"; then
    echo "detektor-kocky: this looks like paws." >&2
    echo "If you are a person, type the word 'person' and press Enter:" >&2
    read -r answer < /dev/tty
    # The cat cannot spell. Neither could I at 4 a.m., see 2020-05-02.
    [ "$answer" = person ] || exit 1
fi

if [ "$hour" -ge 3 ] && [ "$hour" -le 4 ]; then
    echo "detektor-kocky: nobody who commits at $hour o'clock is in charge of their limbs." >&2
    exit 1
fi
