import type { Call, Operation } from '../../cloud.ts';
import { check, pattern } from '../constraints.ts';
import { invalidParameter } from './errors.ts';
import type { Lambda } from './lambda.ts';

const MOST_TAGS = 50;
const taggable =
  'arn:(aws[a-zA-Z-]*):lambda:[a-z0-9-]+:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[a-z0-9-]+)';

/** TagResource, UntagResource, ListTags. */
export function tagOperations(lambda: Lambda): Record<string, Operation> {
  const find = (input: any, call: Call) => {
    const { fn, qualifier } = lambda.find(call, { FunctionName: input.Resource });
    if (qualifier !== undefined) {
      throw invalidParameter('Tags on function aliases and versions are not supported. Please specify a function ARN.');
    }
    return fn;
  };
  const of = (action: string) => ({
    validate: (input: any) => check(['resource', input.Resource, pattern(taggable)]),
    access: (input: any) => [{ action: `lambda:${action}`, resource: input.Resource }],
  });
  return {
    TagResource: {
      ...of('TagResource'),
      handle(input, call) {
        const { tags } = find(input, call);
        const names = new Set([...tags.keys(), ...Object.keys(input.Tags)]);
        if (names.size > MOST_TAGS) throw invalidParameter('Number of tags exceeds resource tag limit.');
        for (const [key, value] of Object.entries(input.Tags)) tags.set(key, String(value));
      },
    },
    UntagResource: {
      ...of('UntagResource'),
      handle(input, call) {
        const { tags } = find(input, call);
        for (const key of input.TagKeys) tags.delete(key);
      },
    },
    ListTags: { ...of('ListTags'), handle: (input, call) => ({ Tags: Object.fromEntries(find(input, call).tags) }) },
  };
}
