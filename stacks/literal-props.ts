import { Token } from 'aws-cdk-lib';
import * as v from 'valibot';
import { KeyturnError } from '../pipeline/contracts/errors.ts';
import { describeIssue } from '../pipeline/contracts/parse.ts';

/** A property of a construct holds what AWS would refuse, or what a policy would read as a wildcard. */
export class PropInvalid extends KeyturnError {
  readonly code = 'PropInvalid';
}

/**
 * Holds what an app writes as text to the grammar of manifests. What is known at deployment only is left to AWS, but for
 * wildcards in the text around it: a policy would read them.
 *
 * @throws PropInvalid with every problem at once
 */
export function refuseBadLiterals(what: string, schema: v.GenericSchema, value: unknown): void {
  const { issues = [] } = v.safeParse(schema, value, { abortPipeEarly: true });
  const problems = issues.flatMap((issue) => {
    if (!Token.isUnresolved(issue.input)) return [describeIssue(issue)];
    return hasWildcard(issue.input) ? [`${v.getDotPath(issue) ?? 'the whole'}: expected text without * and ?`] : [];
  });
  if (problems.length > 0) throw new PropInvalid(`${what}: ${problems.join('; ')}.`);
}

/** Around the tokens, which are written `${Token[name]}`. */
function hasWildcard(text: unknown): boolean {
  return typeof text === 'string' && /[*?]/.test(text.replace(/\$\{Token\[[^\]]*\]\}/g, ''));
}
