import { type Finding, findingCodes } from '../../pipeline/contracts/audit.ts';
import { oneLine } from '../../pipeline/contracts/grammar/shown-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Treatment } from './treat-finding.ts';

export function printFindings(terminal: Terminal, secrets: number, findings: readonly Finding[]): void {
  const looked = `${secrets} ${secrets === 1 ? 'secret' : 'secrets'} looked at`;
  if (findings.length === 0) {
    terminal.print(`${terminal.paint('green', 'ok')}  ${looked}: everything is as it should be.`);
    return;
  }
  terminal.print(`${looked}, ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}:`);
  for (const { code, message, command, repair } of findings) {
    terminal.print('');
    terminal.print(`${terminal.paint('red', code)}  ${oneLine(findingCodes[code])}`);
    terminal.print(`  ${oneLine(message)}`);
    terminal.print(`  ${terminal.paint('dim', repair ? 'repair:' : 'a person has to act:')} ${oneLine(command)}`);
  }
}

export function printTreatment(terminal: Terminal, finding: Finding, treatment: Treatment): void {
  const name = `${finding.secretName} ${finding.code}`;
  switch (treatment.outcome) {
    case 'repaired': {
      const execution = treatment.executionArn ? `: ${treatment.executionArn}` : '';
      terminal.print(`${terminal.paint('green', 'repaired')}  ${name}: ${oneLine(treatment.done)}${execution}`);
      return;
    }
    case 'failed': {
      const execution = treatment.executionArn ? ` (${treatment.executionArn})` : '';
      terminal.print(`${terminal.paint('red', 'not repaired')}  ${name}: ${oneLine(treatment.reason)}${execution}`);
      return;
    }
    case 'interrupted':
      terminal.print(
        `${terminal.paint('yellow', 'goes on')}  ${name}: not waited for. ${treatment.executionArn ?? ''}`,
      );
      return;
    case 'found':
    case 'declined':
  }
}
