/** A role's name as PostgreSQL's quote_ident writes it, in statements that a person reads and runs. */
export function quoteForReading(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
