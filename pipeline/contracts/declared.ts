import type * as v from 'valibot';

/**
 * Public types are declared, so that people read them without knowing valibot. This holds a schema to its declared type:
 * it does not compile where a member, its type, or whether it may be missing differs. Read-only lists count as lists.
 *
 * @example
 * export const Mirror = declared<Mirror>()(v.object({ region: v.string() }));
 */
export function declared<Declared>(): <Schema extends v.GenericSchema<any, unknown>>(
  schema: Schema & (Same<Declared, v.InferOutput<Schema>> extends true ? unknown : Differs<Declared, Schema>),
) => Schema {
  return (schema) => schema;
}

/** What the compiler shows: both types, side by side. */
interface Differs<Declared, Schema extends v.GenericSchema> {
  readonly declared: Declared;
  readonly schema: v.InferOutput<Schema>;
}

type Same<Left, Right> = [Shape<Left>] extends [Shape<Right>]
  ? [Shape<Right>] extends [Shape<Left>]
    ? true
    : false
  : false;

/** Assignability ignores optional members that one side lacks; this form does not. */
type Shape<Type> = Type extends readonly (infer Item)[]
  ? { list: Shape<Item> }
  : Type extends object
    ? { -readonly [Key in keyof Type]-?: { value: Shape<Type[Key]>; optional: undefined extends Type[Key] ? 1 : 0 } }
    : Type;
