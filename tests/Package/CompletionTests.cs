namespace Package.Tests;

/// <summary>Completion in the real shells. That the scripts have all options, BpfFs.Tests says.</summary>
public sealed class CompletionTests
{
    private static string Scripts => Path.Combine(ViewBinary.Repository(), "packaging", "completions");

    /// <summary>Typed, and what one may go on with.</summary>
    public static TheoryData<string, string[]> Lines => new()
    {
        { "bpffs-view --gi", ["--gid"] },
        { "bpffs-view --pin-d", ["--pin-dir"] },
        { "bpffs-view --io-uring=o", ["on", "off"] },
        { "bpffs-view --log-level w", ["warning"] },
        { "bpffs-view -o keep_", ["keep_pins"] },
        { "bpffs-view -o ro,nop", ["ro,nopin"] },
        { "bpffs-view -o ro,io_uring=a", ["ro,io_uring=auto"] },
        { "bpffs-view unp", ["unpin"] },
        { "bpffs-view top --sort mem", ["memory"] },
        { "bpffs-view check --log-l", ["--log-level"] },
        { "bpffs-view /usr/sha", ["/usr/share"] },
        { "bpffs-view pin /usr/sha", ["/usr/share"] },
        { "bpffs-view --iterators /usr/sha", ["/usr/share"] },
        { "bpffs-view --gid roo", ["root"] },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void Bash(string typed, string[] wanted)
    {
        // As readline does: the words of COMP_WORDS are also split at what is in COMP_WORDBREAKS.
        const string script = """
            . /usr/share/bash-completion/bash_completion
            . "$1/bpffs-view.bash"
            COMP_LINE=$2 COMP_POINT=${#2} COMP_TYPE=9 COMP_KEY=9
            mapfile -t COMP_WORDS < <(/usr/bin/python3 -c 'import re, sys
            for word in re.findall(r"=|[^ =]+", sys.argv[1]): print(word)' "$2")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            compopt() { :; }
            _bpffs_view bpffs-view "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        Assert.Equal(wanted.Select(AfterEquals).Order(), Answers(Tool.Shell(script, Scripts, typed)));

        // what readline replaces begins after the =
        string AfterEquals(string word) => typed.Contains("-o ", StringComparison.Ordinal) && word.Contains('=', StringComparison.Ordinal) ? word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..] : word;
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Fish(string typed, string[] wanted)
    {
        ToolResult result = Tool.Run("fish", "--no-config", "-c", "source $argv[1]/bpffs-view.fish; complete -C $argv[2]", Scripts, typed);
        // WORD TAB DESCRIPTION; a value of --option=value comes with the option
        string[] got = [.. Answers(result).Select(line => line.Split('\t')[0].TrimEnd('/'))];
        string before = typed.Contains("--io-uring=", StringComparison.Ordinal) ? "--io-uring=" : "";
        Assert.Equal(wanted.Select(word => before + word).Order(), got);
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Zsh(string typed, string[] wanted)
    {
        // An interactive shell in a terminal of its own: the key TAB, then a key that shows the line.
        const string script = """
            zmodload zsh/zpty
            zpty shell "TERM=dumb zsh -f -i"
            zpty -w shell "PS1=; unset zle_bracketed_paste; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep"
            zpty -w shell "show() { print -r -- \"LINE<\$BUFFER>\" }; zle -N show; bindkey '^Xs' show; bindkey '^I' complete-word; print REA''DY"
            zpty -r -m shell line '*READY*'
            zpty -n -w shell "$2"$'\t'$'\x18s'
            zpty -r -m shell line $'*LINE<*>*'
            print -r -- "$line"
            zpty -d shell
            """;
        using var scriptFile = new TemporaryDirectory();
        File.WriteAllText(scriptFile.At("type"), script);
        string output = Tool.Run("zsh", "-f", scriptFile.At("type"), Scripts, typed).Output;
        int start = output.LastIndexOf("LINE<", StringComparison.Ordinal) + 5;
        string line = output[start..output.IndexOf('>', start)].TrimEnd(' ', '/', ',');
        string stem = typed[..(typed.LastIndexOfAny([' ', '=']) + 1)];
        if (typed.Contains("-o ", StringComparison.Ordinal)) stem = typed[..(typed.LastIndexOf(' ') + 1)];
        // several: as far as they agree
        string common = wanted.Aggregate((a, b) => string.Concat(a.Zip(b).TakeWhile(pair => pair.First == pair.Second).Select(pair => pair.First)));
        Assert.Equal(stem + common, line.TrimEnd('=')); // it adds = to an option that wants a value
    }

    private static IEnumerable<string> Answers(ToolResult result)
    {
        Assert.Equal("", result.Errors);
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order();
    }
}
