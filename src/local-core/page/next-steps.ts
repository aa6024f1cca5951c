/** What to type next, once the first report was accepted: shown by the page and by the text output alike. */
interface NextStep {
  readonly command: string
  readonly meaning: string
}

/** `stateDirectory`: where the component's state stays after the run; none where it is gone with it. */
export const nextSteps = (mode: 'classic' | 'lite', stateDirectory?: string): readonly NextStep[] => [
  {
    command: 'npx defender attack listener-4444',
    meaning: 'in another terminal: opens a port, harmlessly, and raises an alarm here',
  },
  { command: 'npx defender attack --list', meaning: 'the other attacks; each raises its own alarm' },
  { command: 'ss -tulpn', meaning: 'compare: what the system itself says is listening' },
  ...(stateDirectory === undefined
    ? [
        {
          command: 'npx defender local --state ./state',
          meaning: 'its history and alarms stay, for violations, history, backtest',
        },
      ]
    : [
        {
          command: `npx defender violations list --history ${stateDirectory}`,
          meaning: 'what was raised, also after the end; then show, verify, export, report',
        },
      ]),
  { command: 'npx defender sample', meaning: 'print one report of this machine, without any core' },
  mode === 'classic'
    ? { command: 'npx defender local --mode lite', meaning: 'the same on a Greengrass nucleus lite' }
    : { command: 'npx defender local --mode classic', meaning: 'the same on a Greengrass nucleus classic' },
  { command: 'npx defender local --output json', meaning: 'every event as one JSON object a line' },
]
