import type { Operation } from '../../cloud.ts';
import { describeVersion } from './describe.ts';
import { invalidParameter } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { expectRevision, onFunction, page } from './requests.ts';
import { type FunctionVersion, type LambdaFunction, makeSnapshot, newRevisionId } from './state.ts';

/** PublishVersion, ListVersionsByFunction. */
export function versionOperations(lambda: Lambda): Record<string, Operation> {
  return {
    PublishVersion: {
      access: onFunction(lambda, 'PublishVersion'),
      handle(input, call) {
        const { fn } = lambda.find(call, { FunctionName: input.FunctionName });
        lambda.expectSettled(fn);
        expectRevision(fn.latest.revisionId, input.RevisionId);
        const { sha256 } = fn.latest.snapshot.settings.code;
        if (input.CodeSha256 !== undefined && input.CodeSha256 !== sha256) {
          throw invalidParameter(
            `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${sha256}). Please try again with the CodeSHA256 in $LATEST.`,
          );
        }
        return describeVersion(fn, publishVersion(lambda, fn, input.Description));
      },
    },
    ListVersionsByFunction: {
      access: onFunction(lambda, 'ListVersionsByFunction'),
      handle(input, call) {
        const { fn } = lambda.find(call, { FunctionName: input.FunctionName });
        const latest = describeVersion(fn, fn.latest, { inList: true, arn: `${fn.arn}:$LATEST` });
        const published = [...fn.versions.values()].map((version) => describeVersion(fn, version, { inList: true }));
        const { items, marker } = page([latest, ...published], ({ Version }) => Version, input);
        return { Versions: items, ...marker };
      },
    },
  };
}

/**
 * Freezes $LATEST as a new version. Without a change since the last one, that one is answered again.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
 */
export function publishVersion(lambda: Lambda, fn: LambdaFunction, description?: string): FunctionVersion {
  const { settings } = fn.latest.snapshot;
  const last = fn.versions.get(String(fn.nextVersion - 1));
  const same = (a: object, b: object) =>
    JSON.stringify({ ...a, description: '' }) === JSON.stringify({ ...b, description: '' });
  if (last && same(last.snapshot.settings, settings)) return last;
  const number = String(fn.nextVersion++);
  const revisionId = newRevisionId();
  const frozen = description === undefined ? settings : { ...settings, description };
  const version: FunctionVersion = {
    version: number,
    arn: `${fn.arn}:${number}`,
    snapshot: makeSnapshot(fn, number, frozen, revisionId),
    revisionId,
    lastModified: lambda.cloud.clock.now(),
    state: 'Active',
  };
  fn.versions.set(number, version);
  // Publishing moves the RevisionId of $LATEST too.
  fn.latest.revisionId = newRevisionId();
  return version;
}
