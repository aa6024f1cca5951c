import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/helpers/summary-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The component's zip, built and unpacked for those tests that run it.
    globalSetup: ['test/helpers/artifact-setup.ts'],
    setupFiles: ['test/helpers/own-transport.ts'],
    // A process for each file: some tests set the time zone and the umask.
    pool: 'forks',
    // The end-to-end tests start real component processes: two cores take two files at a time.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }], new SummaryReporter()],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'scripts/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
