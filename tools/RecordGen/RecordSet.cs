namespace RecordGen;

/// <summary>The declarations of several objects together: one of each name, however many objects have it.</summary>
internal sealed class RecordSet
{
    private readonly SortedDictionary<string, (Declaration Declaration, string Object)> _byName = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _incomplete = new(StringComparer.Ordinal);

    public IEnumerable<Declaration> Declarations => _byName.Values.Select(d => d.Declaration);

    /// <summary>Reads the objects. The result does not depend on their order.</summary>
    /// <exception cref="RecordGenException">One cannot be read, holds a record that C# cannot have, or two disagree.</exception>
    public static RecordSet Read(IEnumerable<string> objects)
    {
        var set = new RecordSet();
        foreach (string path in objects.Order(StringComparer.Ordinal))
        {
            using var btf = BtfObject.Open(path);
            var incomplete = new SortedSet<string>(StringComparer.Ordinal);
            foreach (Declaration declaration in btf.Declarations(incomplete))
            {
                set.Add(declaration, path);
            }

            foreach (string name in incomplete)
            {
                set._incomplete.TryAdd(name, path);
            }
        }

        foreach ((string name, string path) in set._incomplete)
        {
            if (!set._byName.ContainsKey(name))
            {
                throw new RecordGenException(
                    $"{path}: struct {name} is without members in BTF: give a global variable that type");
            }
        }

        return set;
    }

    private void Add(Declaration declaration, string path)
    {
        if (!_byName.TryGetValue(declaration.Name, out (Declaration Declaration, string Object) known))
        {
            _byName.Add(declaration.Name, (declaration, path));
            return;
        }

        string[] here = [.. declaration.Lines];
        string[] there = [.. known.Declaration.Lines];
        if (declaration.GetType() == known.Declaration.GetType() && here.SequenceEqual(there))
        {
            return;
        }

        int i = 0;
        while (i < Math.Min(here.Length, there.Length) - 1 && here[i] == there[i])
        {
            i++;
        }

        throw new RecordGenException($"{declaration.Name} differs: {known.Object} has {there[i]}, {path} has {here[i]}");
    }
}
