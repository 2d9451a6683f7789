namespace BpfFs.Tests.Docs;

/// <summary>The shells' completions have what the command line has. That they work, Package.Tests tries in the shells.</summary>
public sealed class CompletionTests
{
    [Fact]
    public void Bash() => Blocks.Verify("packaging/completions/bpffs-view.bash", new Dictionary<string, string> { ["bash"] = Completions.Bash() });

    [Fact]
    public void Zsh() => Blocks.Verify("packaging/completions/_bpffs-view", new Dictionary<string, string> { ["zsh"] = Completions.Zsh() });

    [Fact]
    public void Fish() => Blocks.Verify("packaging/completions/bpffs-view.fish", new Dictionary<string, string> { ["fish"] = Completions.Fish() });
}
