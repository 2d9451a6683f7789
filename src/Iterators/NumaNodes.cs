using System.Globalization;

namespace Iterators;

/// <summary>The machine's NUMA nodes.</summary>
internal static class NumaNodes
{
    /// <summary>One more than the highest possible node: <c>nr_node_ids</c>. The file has ranges, as in <c>0-3</c> or <c>0,2</c>.</summary>
    public static uint Possible()
    {
        const string path = "/sys/devices/system/node/possible";
        if (!File.Exists(path)) return 1; // without CONFIG_NUMA
        string last = File.ReadAllText(path).Trim().Split(',', '-')[^1];
        return uint.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out uint node) ? node + 1 : 1;
    }
}
