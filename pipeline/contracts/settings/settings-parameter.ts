/**
 * Where the settings of a secret are kept: `/keyturn/<pipeline>/<secret's name>`, at synthesis as at run time. Secret
 * names may hold `+`, `=` and `@`, which parameter names may not: those are written as `.x40.`, and a dot so too; and so
 * is a slash that would begin or end a level without a name.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
 */
export function settingsParameterName(prefix: string, secretName: string): string {
  const encoded = secretName.replace(
    /[^\w/-]|^\/|\/(?=\/|$)/g,
    (character) => `.x${character.charCodeAt(0).toString(16)}.`,
  );
  return `${prefix}/${encoded}`;
}

/** Why a secret's settings have no place, or undefined: parameters have names of 15 levels and of 1011 characters with the ARN before them. */
export function settingsParameterProblem(prefix: string, secretName: string): string | undefined {
  const name = settingsParameterName(prefix, secretName);
  if (name.length <= 900 && name.split('/').length - 1 <= 15) return undefined;
  return `the settings of a secret are kept under its name, which has too many levels or characters for a parameter. Name a secret of at most ${15 - (prefix.split('/').length - 1)} levels and 512 characters, few of them other than letters, digits and _-`;
}

/** A secret's ARN ends with its name, a hyphen and six characters of Secrets Manager's own. */
export function secretNameOf(secretArn: string): string {
  return (secretArn.split(':')[6] ?? secretArn).replace(/-[A-Za-z0-9]{6}$/, '');
}
