#!/usr/bin/env python
# coding: utf-8

# In[1]:


get_ipython().system("pip install something")
import torch
import pandas_that_nobody_has as pd


# In[2]:


frame = pd.read_csv("/kaggle/input/train.csv")
RATE = 0.5


# In[3]:


def unlearning(net, retain, forget, val):
    assert RATE == 0.5
    return net


# In[ ]:


unlearning(None, None, None, None)
