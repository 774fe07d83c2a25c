//! What is expected of each task: its chain, as it writes it down itself.

use std::future::Future;
use std::panic::Location;
use std::sync::Mutex;
use tokio::task::JoinHandle;

/* A place where a task stands. */
struct Place {
    parent: usize,
    text: String,
}

/* A task: its header's address, its name, and its root. */
struct Task {
    header: usize,
    name: &'static str,
    root: usize,
}

static PLACES: Mutex<Vec<Place>> = Mutex::new(Vec::new());
static TASKS: Mutex<Vec<Task>> = Mutex::new(Vec::new());

/* A place that others are written below. */
#[derive(Clone, Copy)]
pub struct Log(usize);

fn add(parent: usize, text: String) -> Log {
    let mut places = PLACES.lock().unwrap();

    places.push(Place { parent, text });
    Log(places.len())
}

impl Log {
    /* Function `function` awaits on the line below the caller's. */
    #[track_caller]
    pub fn at(self, function: &str) -> Log {
        let line = Location::caller().line() + 1;

        add(self.0, format!("{} src/main.rs:{}", function, line))
    }

    /* The same for an await further down: `here` stands above it. */
    pub fn later(self, function: &str) -> Log {
        add(self.0, function.to_string())
    }

    #[track_caller]
    pub fn here(self) {
        let line = Location::caller().line() + 1;
        let mut places = PLACES.lock().unwrap();

        places[self.0 - 1].text += &format!(" src/main.rs:{}", line);
    }

    /* A future of the program's own type. */
    pub fn kind(self, name: &str) -> Log {
        add(self.0, name.to_string())
    }

    /* Always true, which the compiler does not know. */
    pub fn is_place(self) -> bool {
        PLACES.lock().unwrap().len() >= self.0
    }

    /* A function that holds its future but does not call it. */
    pub fn unpolled(self, function: &str) -> Log {
        add(self.0, format!("{} (not polled)", function));
        self
    }

    /* The end of the chain. */
    pub fn leaf(self, what: &str) {
        add(self.0, format!("= {}", what));
    }

    /* The function awaits on the next line, and what it waits for is the end. */
    #[track_caller]
    pub fn end(self, function: &str, what: &str) {
        let line = Location::caller().line() + 1;

        add(self.0, format!("{} src/main.rs:{}", function, line)).leaf(what);
    }
}

/* Every handle of Tokio's is a pointer to the task's header. */
pub fn header<T>(handle: &JoinHandle<T>) -> usize {
    assert_eq!(std::mem::size_of::<JoinHandle<T>>(), std::mem::size_of::<usize>());
    unsafe { std::mem::transmute_copy(handle) }
}

/* Notes a task that was spawned with `log` as its root. */
pub fn note<T>(name: &'static str, log: Log, handle: &JoinHandle<T>) {
    TASKS.lock().unwrap().push(Task {
        header: header(handle),
        name,
        root: log.0,
    });
}

pub fn root() -> Log {
    add(0, String::new())
}

/* Spawns a task. Its handle is kept, so that its memory is. */
pub fn task<F>(name: &'static str, future: impl FnOnce(Log) -> F) -> usize
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let log = root();
    let handle = tokio::spawn(future(log));
    let address = header(&handle);

    note(name, log, &handle);
    std::mem::forget(handle);
    address
}

/* Does every task stand still: neither running nor scheduled? Ends the program if one has ended that should not. (The first
 * word of a header: Tokio 1.24 to 1.53.) */
pub fn quiet() -> bool {
    TASKS.lock().unwrap().iter().filter(|task| !task.name.starts_with('!')).all(|task| {
        let state = unsafe { std::ptr::read_volatile(task.header as *const usize) };

        if state & 2 != 0 {
            eprintln!("{} has ended", task.name);
            std::process::exit(1);
        }
        state & 7 == 0
    })
}

/* How many ends were written down. */
pub fn ends() -> usize {
    let places = PLACES.lock().unwrap();

    places.iter().filter(|place| place.text.starts_with("= ")).count()
}

fn tree(places: &[Place], parent: usize, depth: usize) -> String {
    let mut children: Vec<String> = (0..places.len())
        .filter(|&i| places[i].parent == parent)
        .map(|i| format!("{}{}\n{}", "  ".repeat(depth), places[i].text, tree(places, i + 1, depth + 1)))
        .collect();

    children.sort();
    children.concat()
}

/* Prints each task, and below it its chain, sorted. */
pub fn print() {
    let places = PLACES.lock().unwrap();

    for task in TASKS.lock().unwrap().iter() {
        print!("task {:x} {}\n{}", task.header, task.name, tree(&places, task.root, 1));
    }
    println!("ready");
}
// SPDX-License-Identifier: Apache-2.0
