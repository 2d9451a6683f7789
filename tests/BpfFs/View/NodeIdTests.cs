using System.Text;
using BpfFs.View;

namespace BpfFs.Tests.View;

public sealed class NodeIdTests
{
    [Fact]
    public void Numbers_go_both_ways()
    {
        Random random = new(7);
        for (int round = 0; round < 10_000; round++)
        {
            var node = new NodeId((ushort)random.Next(65536), (ulong)random.NextInt64() & NodeId.KeyMask >> random.Next(48));
            Assert.Equal(node, NodeId.From(node.Value));
            ulong number = (ulong)random.NextInt64();
            Assert.Equal(number, NodeId.From(number).Value);
        }
        Assert.Equal(ulong.MaxValue, new NodeId(ushort.MaxValue, NodeId.KeyMask).Value);
    }

    [Fact]
    public void The_root_is_1()
    {
        Assert.Equal(1UL, NodeId.Root.Value);
        Assert.Equal(NodeId.Root, NodeId.From(1));
        Assert.Equal(0, NodeId.RowOf(""));
    }

    [Fact]
    public void Only_the_root_has_row_0()
    {
        for (int i = 0; i < 200_000; i++) Assert.NotEqual(0, NodeId.RowOf($"path/{i}"));
    }

    [Fact]
    public void Keys_of_names_are_as_they_always_were()
    {
        Assert.Equal(0x9ce4_8422_e8d7UL, NodeId.KeyOf(""u8));
        var seen = new HashSet<ulong>();
        for (int i = 0; i < 200_000; i++)
        {
            ulong key = NodeId.KeyOf(Encoding.UTF8.GetBytes($"name{i}"));
            Assert.True(key <= NodeId.KeyMask);
            Assert.True(seen.Add(key));
        }
    }
}
