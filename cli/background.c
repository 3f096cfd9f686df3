/* background.c - jobs on threads.
 *
 *   background_run -> waiting --a thread takes it--> work --> finished --collect--> done
 *
 *  1. A job is on one of the two lists, or with the one thread that runs it.
 *  2. Threads begin when there is work and nobody idle, and end with the background.
 *  3. The loop hears by leno_post(), and collects all that has finished. */
#include "background.h"
#include "output.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct job {
	struct job *next;
	void (*work)(void *);
	void (*done)(void *, bool);
	void *arg;
	bool worked;
};

struct jobs {
	struct job *first, **last;
};

struct background {
	struct app *app;
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t changed;
	struct jobs waiting, finished;
	pthread_t threads[BACKGROUND_THREADS];
	unsigned n_threads, n_idle;
	bool ending;
};

static void jobs_init(struct jobs *jobs)
{
	*jobs = (struct jobs){ NULL, &jobs->first };
}

static void jobs_add(struct jobs *jobs, struct job *job)
{
	job->next = NULL;
	*jobs->last = job;
	jobs->last = &job->next;
}

static struct job *jobs_take(struct jobs *jobs)
{
	struct job *job = jobs->first;

	if (job == NULL)
		return NULL;
	jobs->first = job->next;
	if (jobs->first == NULL)
		jobs->last = &jobs->first;
	return job;
}

static void jobs_done(struct jobs *jobs)
{
	struct job *job;

	while ((job = jobs_take(jobs)) != NULL) {
		job->done(job->arg, job->worked);
		free(job);
	}
}

static void on_finished(leno_node *node, void *arg)
{
	struct background *b = arg;
	struct jobs now;

	jobs_init(&now);
	pthread_mutex_lock(&b->lock);
	for (struct job *job; (job = jobs_take(&b->finished)) != NULL;)
		jobs_add(&now, job);
	pthread_mutex_unlock(&b->lock);
	jobs_done(&now);
}

static void *thread_main(void *arg)
{
	struct background *b = arg;
	struct job *job;

	pthread_mutex_lock(&b->lock);
	while (!b->ending) {
		job = jobs_take(&b->waiting);
		if (job == NULL) {
			b->n_idle++;
			pthread_cond_wait(&b->changed, &b->lock);
			b->n_idle--;
			continue;
		}
		pthread_mutex_unlock(&b->lock);
		job->work(job->arg);
		pthread_mutex_lock(&b->lock);
		job->worked = true;
		jobs_add(&b->finished, job);
		leno_post(b->app->node, on_finished, b);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* Signals are the loop's alone. */
static bool thread_start(struct background *b)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&b->threads[b->n_threads], NULL, thread_main, b);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		b->n_threads++;
	return error == 0;
}

struct background *background_new(struct app *app)
{
	struct background *b = need(calloc(1, sizeof *b));

	b->app = app;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	jobs_init(&b->waiting);
	jobs_init(&b->finished);
	return b;
}

void background_run(struct background *b, void (*work)(void *), void (*done)(void *, bool),
                    void *arg)
{
	struct job *job = need(malloc(sizeof *job));

	*job = (struct job){ .work = work, .done = done, .arg = arg };
	pthread_mutex_lock(&b->lock);
	jobs_add(&b->waiting, job);
	if (b->n_idle == 0 && b->n_threads < BACKGROUND_THREADS)
		thread_start(b);
	if (b->n_threads == 0) { /* the system has none left: slow is better than never */
		work(arg);
		job->worked = true;
		jobs_add(&b->finished, jobs_take(&b->waiting));
		leno_post(b->app->node, on_finished, b);
	}
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

void background_free(struct background *b)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->ending = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	for (unsigned i = 0; i < b->n_threads; i++)
		pthread_join(b->threads[i], NULL);
	jobs_done(&b->finished);
	jobs_done(&b->waiting);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
