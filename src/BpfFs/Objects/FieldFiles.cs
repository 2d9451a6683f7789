using System.Text.Json;
using BpfFs.Rendering;
using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>Reads one object; 0 or an errno. What it gives is valid until this thread reads the next of its kind.</summary>
internal delegate int ReadObject<T>(ViewContext context, uint id, out T value)
    where T : allows ref struct;

/// <summary>What every kind of object gets from its fields: <c>info</c>, <c>json</c>, a file per field.</summary>
internal static class FieldFiles
{
    /// <summary>Those that everybody may read.</summary>
    public static Field<T>[] PublicOf<T>(Field<T>[] fields)
        where T : allows ref struct => [.. fields.Where(field => field.Tier == Tier.Public)];

    /// <summary>The rows of one kind's files.</summary>
    public static IEnumerable<Row> Rows<T>(ObjectKind kind, Field<T>[] fields, ReadObject<T> read)
        where T : allows ref struct => Rows(kind, fields, PublicOf(fields), read);

    private static IEnumerable<Row> Rows<T>(ObjectKind kind, Field<T>[] fields, Field<T>[] shown, ReadObject<T> read)
        where T : allows ref struct =>
    [
        new FileRow($"{kind.Plural}/<id>/info", Tier.Public, (context, key, to) =>
        {
            int errno = read(context, (uint)key, out T value);
            if (errno == 0) WriteInfo(shown, value, to);
            return errno;
        }) { Subject = kind },
        new FileRow($"{kind.Plural}/<id>/json", Tier.Public, (context, key, to) =>
        {
            int errno = read(context, (uint)key, out T value);
            if (errno != 0) return errno;
            Utf8JsonWriter json = to.StartJson();
            WriteJson(shown, value, json);
            json.Flush();
            to.Append((byte)'\n');
            return 0;
        }) { Subject = kind },
        .. fields.Where(field => field.HasFile).Select(field => new FileRow($"{kind.Plural}/<id>/{field.Name}", field.Tier, (context, key, to) =>
        {
            int errno = read(context, (uint)key, out T value);
            if (errno != 0) return errno;
            if (!field.IsPresent(value)) return ENOENT;
            field.Write(value, new ValueWriter(to));
            to.Append((byte)'\n');
            return 0;
        }) { Subject = kind }),
    ];

    /// <summary><c>key:TABvalue</c> lines.</summary>
    public static void WriteInfo<T>(Field<T>[] fields, in T value, TextBuffer to)
        where T : allows ref struct
    {
        foreach (Field<T> field in fields)
        {
            if (!field.IsPresent(value)) continue;
            to.Append(field.Utf8Name);
            to.Append(":\t"u8);
            field.Write(value, new ValueWriter(to));
            to.Append((byte)'\n');
        }
    }

    /// <summary>One JSON object.</summary>
    public static void WriteJson<T>(Field<T>[] fields, in T value, Utf8JsonWriter json)
        where T : allows ref struct
    {
        json.WriteStartObject();
        foreach (Field<T> field in fields)
        {
            if (!field.IsPresent(value)) continue;
            json.WritePropertyName(field.JsonName);
            field.Write(value, new ValueWriter(json));
        }
        json.WriteEndObject();
    }
}
