/** What a table holds under a name from outside: never what objects inherit (`constructor`, `__proto__`). */
export function own<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
