/**
 * Where the settings of a secret are kept: `/keyturn/<pipeline>/<secret's name>`, at synthesis as at run time. Secret
 * names may hold `+`, `=` and `@`, which parameter names may not: those are written as `.x40.`, and a dot so too.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
 */
export function settingsParameterName(prefix: string, secretName: string): string {
  const encoded = secretName.replace(/[^\w/-]/g, (character) => `.x${character.charCodeAt(0).toString(16)}.`);
  return `${prefix}/${encoded}`;
}

/** A secret's ARN ends with its name, a hyphen and six characters of Secrets Manager's own. */
export function secretNameOf(secretArn: string): string {
  return (secretArn.split(':')[6] ?? secretArn).replace(/-[A-Za-z0-9]{6}$/, '');
}
