#!/usr/bin/perl
# html-outline.pl -- print the skeleton of a web page
#
# Shows which tag sits inside which, as an indented tree, with ids and classes.
# Made because I could not find the one missing </td> in 1,100 lines of nested
# tables on Drahomira's website. (There were nine missing.)
#
#   html-outline.pl page.html          the whole structure
#   html-outline.pl -h page.html       headings only, like a table of contents
#   html-outline.pl -d 3 page.html     no deeper than three levels
#
# Yes, this parses HTML with regular expressions. It is 2003 and nobody has told
# me yet that this summons things.
#
# venda, 2003-04-12
# 2003-04-13  knows that <br> has no children
# 2009-08-30  knows that <br /> has no children either

use strict;
use warnings;
use Getopt::Std;

my %opt;
getopts('hd:', \%opt);
my $max_depth = $opt{d} || 99;

my %void = map { $_ => 1 } qw(area base br col frame hr img input link meta param wbr);
my %optional = map { $_ => 1 } qw(p li dd dt tr td th option);   # people forget to close these

sub label {
    my ($tag, $attributes) = @_;
    my $label = $tag;
    $label .= "#$2" if $attributes =~ /\bid\s*=\s*(["']?)([\w-]+)\1/i;
    $label .= ".$2" if $attributes =~ /\bclass\s*=\s*(["']?)([\w-]+)\1/i;
    return $label;
}

sub print_outline {
    my ($html) = @_;
    my @open;
    $html =~ s/<!--.*?-->//gs;
    $html =~ s/(<(script|style)\b[^>]*>).*?(<\/\2>)/$1$3/gis;

    while ($html =~ /<(\/?)([a-z][a-z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi) {
        my ($closing, $tag, $attributes) = ($1, lc $2, $3);
        if ($closing) {
            next unless grep { $_ eq $tag } @open;          # closed something never opened
            while (@open) {
                my $last = pop @open;
                last if $last eq $tag;
                warn "never closed: <$last>\n" unless $optional{$last};
            }
            next;
        }
        pop @open if @open && $optional{$tag} && $open[-1] eq $tag;
        print '  ' x @open, label($tag, $attributes), "\n" if @open < $max_depth;
        push @open, $tag unless $void{$tag} || $attributes =~ m{/\s*$};
    }
    warn "still open at the end: @open\n" if @open;
}

sub print_headings {
    my ($html) = @_;
    while ($html =~ /<h([1-6])[^>]*>(.*?)<\/h\1>/gis) {
        my ($level, $text) = ($1, $2);
        $text =~ s/<[^>]+>//g;
        $text =~ s/\s+/ /g;
        print '  ' x ($level - 1), $text, "\n";
    }
}

local $/;
my $html = <>;
$opt{h} ? print_headings($html) : print_outline($html);
