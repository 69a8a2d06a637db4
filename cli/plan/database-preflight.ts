import { randomBytes } from 'node:crypto';
import type { PostgresManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import { parse } from '../../pipeline/contracts/parse.ts';
import { PostgresSettings } from '../../pipeline/contracts/settings/postgres.ts';
import { preflightPostgres } from '../../pipeline/rotators/postgres/preflight.ts';
import type { PreflightFinding } from '../../pipeline/rotators/postgres/target-finding.ts';
import { arnOfSecret } from './look-at-secret.ts';
import { found, type Preflight, type Subject } from './preflight.ts';
import { postgresPayload } from './secret-preflight.ts';

/** Logs in as the administrator and as the current login from where the command runs, and changes nothing. */
export async function databasePreflight(subject: Subject, entry: PostgresManifestSecret): Promise<Preflight[]> {
  const payload = postgresPayload(subject.facts);
  if (!payload) return [];
  const secretsManager = await subject.clients.secretsManager();
  const rds = await subject.clients.rds();
  const superuserSecretArn = entry.superuserSecret && (await arnOfSecret(secretsManager, entry.superuserSecret));
  const settings = parse('The settings', PostgresSettings, {
    strategy: entry.strategy,
    ...(superuserSecretArn && { superuserSecretArn }),
    ...(entry.hostAliases && { hostAliases: entry.hostAliases }),
    ...(entry.ownerRole && { ownerRole: entry.ownerRole }),
    ...(entry.proxy && {
      proxy: { name: entry.proxy.name, endpoint: entry.proxy.endpoint, ownership: entry.proxy.ownership },
    }),
  });
  const dependencies = {
    secretsManager,
    rds: () => rds,
    now: subject.now,
    randomBytes,
    caBundle: subject.caBundle,
  };
  const secret = { secretArn: subject.facts.arn ?? '', secretName: subject.facts.name, settings };
  const { findings, hanging } = await preflightPostgres(dependencies, secret, payload);
  if (hanging.length === 0) return judgeDatabase(findings);
  const text = `${hanging.length} kinds of things hang on this login: the table below says what becomes of each.`;
  return [...judgeDatabase(findings), { ...found('database', 'ok', 'WhatHangs', text), hanging }];
}

/** Pure. A database that is not reached from a desk may well be reached from its VPC: that is no finding against it. */
export function judgeDatabase(findings: readonly PreflightFinding[]): Preflight[] {
  if (findings.length === 0) {
    return [found('database', 'ok', 'GrantsFound', 'Logged in; the administrator may do what a rotation does.')];
  }
  return findings.map(({ code, blocks, text, statement }) => {
    if (code === 'TargetUnavailable') {
      const remedy = 'Ask again from where the database can be reached.';
      return found('database', 'unknown', code, `Not reached from here: ${text}`, remedy);
    }
    return found('database', blocks ? 'blocks' : 'warns', code, text, statement && `Run: ${statement};`);
  });
}
