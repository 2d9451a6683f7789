using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Layout.Tests;

/// <summary>What the runtime says of generated structs, in the lines that <see cref="CHeader"/> writes.</summary>
internal static class CSharpLayout
{
    /// <param name="types">Generated types; buffers among them are described by the members that hold them.</param>
    public static SortedSet<string> Describe(IEnumerable<Type> types)
    {
        var lines = new SortedSet<string>(StringComparer.Ordinal);
        foreach (Type type in types.Where(t => t.GetCustomAttribute<InlineArrayAttribute>() is null))
        {
            if (type.IsEnum)
            {
                lines.UnionWith(type.GetFields(BindingFlags.Public | BindingFlags.Static)
                    .Select(f => $"{type.Name}.{f.Name}: = {f.GetRawConstantValue()}"));
                continue;
            }

            lines.Add($"{type.Name}: {Size(type)} bytes");
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
            {
                lines.Add($"{type.Name}.{field.Name}: at {Offset(field)}, {Size(field.FieldType)} bytes, of {Kind(field.FieldType)}");
            }
        }

        return lines;
    }

    // Marshal.SizeOf tells the marshalled size, which is not what spans of records go by
    private static int Size(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    // the distance that the JIT uses, not the one that the attribute asks for
    private static long Offset(FieldInfo field)
    {
        var method = new DynamicMethod("offset", typeof(long), [], field.Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        LocalBuilder value = il.DeclareLocal(field.DeclaringType!);
        il.Emit(OpCodes.Ldloca, value);
        il.Emit(OpCodes.Ldflda, field);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Ldloca, value);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<long>>()();
    }

    private static string Kind(Type type)
    {
        while (type.GetCustomAttribute<InlineArrayAttribute>() is not null)
        {
            type = type.GetFields(BindingFlags.NonPublic | BindingFlags.Instance)[0].FieldType;
        }

        return Type.GetTypeCode(type) switch
        {
            TypeCode.Byte => "byte",
            TypeCode.SByte => "sbyte",
            TypeCode.UInt16 => "ushort",
            TypeCode.Int16 => "short",
            TypeCode.UInt32 => "uint",
            TypeCode.Int32 => "int",
            TypeCode.UInt64 => "ulong",
            TypeCode.Int64 => "long",
            _ => "struct",
        };
    }
}
