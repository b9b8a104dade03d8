try:
    from tqdm.notebook import tqdm
except ImportError:
    tqdm = list
