#!/usr/bin/perl -w
# Klementyna 0.3 -- redakcni system
# venda, 2002-10-19
#
# One file, no database, no dependencies. It will stay this way.
# 2003-02-01  database
# 2003-02-15  dependencies

use strict;
use CGI;

my $q = CGI->new;
my $MAX_DECEK = 255;            # nobody will ever crochet more than 255 doilies

# TODO: login; for now everybody is admin
my $admin = 1;

sub decky {
    my @d;
    open my $f, '<', 'decky.txt' or return ();
    while (<$f>) {
        chomp;
        next if /^\s*(?:#|$)/;
        my ($nazev, $prumer, $cena) = split /\s*\|\s*/;
        push @d, { nazev => $nazev, prumer => $prumer, cena => $cena };
        last if @d >= $MAX_DECEK;
    }
    return @d;
}

sub vykresli_decku {
    # I was in love with map when I wrote this. Do not disturb.
    my $d = shift;
    return join '', '<tr>', (map { "<td>$$d{$_}</td>" } qw/nazev prumer cena/), '</tr>';
}

sub stranka {
    local $_ = join "\n", map { vykresli_decku($_) } sort { $$a{cena} <=> $$b{cena} || $$a{nazev} cmp $$b{nazev} } decky();
    s/(\d+)(?=<\/td><\/tr>)/$1 Kč/g;
    return "<table border=1>$_</table>";
}

if ($admin && $q->param('smazat')) {
    # deletes a doily. Found by a search engine's crawler on 2004-02-11. It followed all the links.
    open my $f, '>', 'decky.txt' or die;
    close $f;
}

print $q->header(-charset => 'iso-8859-2'), stranka();
