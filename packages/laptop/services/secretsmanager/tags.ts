import type { Operation } from '../../cloud.ts';
import { accessTo, requestTagKeys } from './access.ts';
import { refuseReplica } from './replication.ts';
import type { SecretState, Tag } from './state.ts';
import { invalidParameter, validateRequest } from './validation.ts';

const MOST_TAGS = 50;

/** TagResource, UntagResource. */
export function tagOperations(state: SecretState): Record<string, Operation> {
  return {
    TagResource: {
      validate: (input: { SecretId: string; Tags: Tag[] }) => {
        validateRequest({ ...input });
        checkTags(input.Tags);
      },
      access: (input: { SecretId: string; Tags: Tag[] }, call) =>
        accessTo(state, 'TagResource', input.SecretId, call, requestTagKeys(input.Tags)),
      handle: (input: { SecretId: string; Tags: Tag[] }, call) => {
        const secret = state.requireLive(call.region, input.SecretId);
        refuseReplica(secret);
        const kept = (secret.tags ?? []).map((tag) => input.Tags.find(({ Key }) => Key === tag.Key) ?? tag);
        const added = input.Tags.filter(({ Key }) => !kept.some((tag) => tag.Key === Key));
        if (kept.length + added.length > MOST_TAGS) throw tooManyTags();
        secret.tags = [...kept, ...added];
        state.changed(secret);
      },
    },
    UntagResource: {
      validate: (input: { SecretId: string; TagKeys: string[] }) => validateRequest({ ...input }),
      access: (input: { SecretId: string; TagKeys: string[] }, call) =>
        accessTo(state, 'UntagResource', input.SecretId, call, { 'aws:TagKeys': input.TagKeys }),
      handle: (input: { SecretId: string; TagKeys: string[] }, call) => {
        const secret = state.requireLive(call.region, input.SecretId);
        refuseReplica(secret);
        if (!secret.tags) return;
        secret.tags = secret.tags.filter((tag) => !input.TagKeys.includes(tag.Key ?? ''));
        state.changed(secret);
      },
    },
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html: the restrictions on tags */
export function checkTags(tags: readonly Tag[] | undefined): void {
  if (!tags) return;
  if (tags.length > MOST_TAGS) throw tooManyTags();
  const keys = tags.map(({ Key }) => Key ?? '');
  if (keys.includes('')) throw invalidParameter('A tag must have a key.');
  if (new Set(keys).size < keys.length) throw invalidParameter('Tag keys must be unique.');
  if (keys.some((key) => /^aws:/i.test(key))) {
    throw invalidParameter("Tag keys can't start with aws:, which is reserved for AWS use.");
  }
}

const tooManyTags = () => invalidParameter(`A secret can have at most ${MOST_TAGS} tags.`);
