/**
 * Condition keys that the simulator does not know in the form that AWS documents, and one of the same meaning or reach
 * that it does. Policies and requests are renamed alike.
 *
 * - `secretsmanager:ResourceTag/…` makes it throw; a service's own synonym means `aws:ResourceTag/…`.
 * - `kms:EncryptionContext:…` it drops; a tag of the principal, under a name that no principal has, is free text like it.
 */
const renamed: readonly (readonly [RegExp, string])[] = [
  [/^(?!aws:)[a-z0-9-]+:ResourceTag\//i, 'aws:ResourceTag/'],
  [/^kms:EncryptionContext:/i, 'aws:PrincipalTag/kms:EncryptionContext:'],
];

function rename(key: string): string {
  return renamed.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), key);
}

export function renameContextKeys(context: Record<string, string | string[]>): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(context).map(([key, value]) => [rename(key), value]));
}

/** The same in a policy's text, where a key stands in quotes. */
export function renamePolicyKeys(text: string): string {
  return text.replace(/"([^"\\]+)"(?=\s*:)/g, (_whole, key: string) => `"${rename(key)}"`);
}
