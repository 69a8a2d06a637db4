import type { UsedAccess } from '../../../packages/laptop/recording/recorder.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import type { IamService } from '../../../packages/laptop/services/iam/service.ts';
import type { Role } from '../../../packages/laptop/services/iam/state.ts';

/** One action on one resource that one of Keyturn's roles may carry out. */
export interface Grant {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: string | string[];
}

const list = (some: string | string[]) => [some].flat();

/** After the pipeline's name in its stack: as the scenarios write it, and as a manifest's stack does. */
const OF_KEYTURN = /-(Keyturn|Pipeline)[A-Z]/;

/** What the deployed template grants to Keyturn's own roles, with names resolved as they are deployed. */
export function grantsOf(cloud: RunningCloud): Grant[] {
  const { state } = cloud.service<IamService>('iam');
  const roles = [...state.roles.values()].filter(({ name }) => OF_KEYTURN.test(name));
  return roles.flatMap(({ name, inlinePolicies, attachedPolicies }) => {
    const documents = [
      ...inlinePolicies.values(),
      ...[...attachedPolicies].map((arn) => state.managedDocument(arn) ?? '{}'),
    ];
    const statements = documents.flatMap((document) => [JSON.parse(document).Statement ?? []].flat() as Statement[]);
    const role = name.replace(/^.*?-((?:Keyturn|Pipeline)\w*?Role)[0-9A-F]{8}.*$/, '$1');
    return statements
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action, Resource }) =>
        list(Action).flatMap((action) => list(Resource).map((resource) => ({ role, action, resource }))),
      );
  });
}

/** Removes one action on one resource from a role's policies. Answers how to give it back. */
export function takeAway(cloud: RunningCloud, grant: Grant): () => void {
  const { state } = cloud.service<IamService>('iam');
  const role = [...state.roles.values()].find(({ name }) => name.includes(grant.role)) as Role;
  const before = new Map(role.inlinePolicies);
  for (const [name, text] of before) {
    const document = JSON.parse(text);
    const Statement = ([document.Statement].flat() as Statement[]).flatMap((statement) => {
      const [actions, resources] = [list(statement.Action), list(statement.Resource)];
      if (!actions.includes(grant.action) || !resources.includes(grant.resource)) return [statement];
      const others = [
        { ...statement, Action: actions.filter((action) => action !== grant.action) },
        { ...statement, Action: [grant.action], Resource: resources.filter((one) => one !== grant.resource) },
      ];
      return others.filter(({ Action, Resource }) => Action.length > 0 && list(Resource).length > 0);
    });
    role.inlinePolicies.set(name, JSON.stringify({ ...document, Statement }));
  }
  state.changed();
  return () => {
    for (const [name, text] of before) role.inlinePolicies.set(name, text);
    state.changed();
  };
}

const fits = (pattern: string, text: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  ).test(text);

/** Grants by which nothing was ever allowed. */
export function unusedGrants(grants: readonly Grant[], accesses: readonly UsedAccess[]): Grant[] {
  const allowed = accesses.filter((access) => access.allowed);
  return grants.filter(
    ({ role, action, resource }) =>
      !allowed.some(
        (access) => access.identity.includes(role) && fits(action, access.action) && fits(resource, access.resource),
      ),
  );
}
